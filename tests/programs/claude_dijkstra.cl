; A priority queue as a leftist heap, and what can be done with it: sorting, shortest paths,
; a simulation of events.

(data Heap (Empty) (Node Int Any Any Heap Heap))      ; rank, priority, value, left, right

(define (rank h) (match h (Empty 0) ((Node r _ _ _ _) r)))
(define (make-node p v a b)
  (if (>= (rank a) (rank b))
    (Node (+ 1 (rank b)) p v a b)
    (Node (+ 1 (rank a)) p v b a)))
(define (meld a b)
  (match [a b]
    ([Empty h] h)
    ([h Empty] h)
    ([(Node _ p v l r) (Node _ q w l2 r2)]
      (if (<= (compare p q) 0)
        (make-node p v l (meld r b))
        (make-node q w l2 (meld a r2))))))
(define (insert h p v) (meld (Node 1 p v Empty Empty) h))
(define (pop-min h)
  (match h
    (Empty nil)
    ((Node _ p v l r) [p v (meld l r)])))
(define (drain h)
  (match (pop-min h)
    (nil [])
    ([p v more] (cons [p v] (drain more)))))

(define (heap-sort xs)
  (map first (drain (fold (lambda (h x) (insert h x nil)) Empty xs))))
(print (heap-sort [5 3 9 1 5 7]) (heap-sort []) (heap-sort ["pear" "fig" "apple"]))
(print (drain (fold (lambda (h pair) (insert h (head pair) (second pair))) Empty
                    [[3 "c"] [1 "a"] [2 "b"]])))

; Shortest paths. A graph: node -> {neighbour distance}.
(define roads
  {:a {:b 7 :c 9 :f 14}
   :b {:a 7 :c 10 :d 15}
   :c {:a 9 :b 10 :d 11 :f 2}
   :d {:b 15 :c 11 :e 6}
   :e {:d 6 :f 9}
   :f {:a 14 :c 2 :e 9}
   :g {:h 1}
   :h {:g 1}})

(define (shortest graph start)
  (loop ((heap (insert Empty 0 [start nil])) (done {}))
    (match (pop-min heap)
      (nil done)
      ([d [node from] more]
        (if (has-key? done node)
          (recur more done)
          (recur
            (fold (lambda (h edge) (insert h (+ d (second edge)) [(head edge) node]))
                  more
                  (entries (get graph node {})))
            (set done node {:distance d :from from})))))))

(define (path-to done node)
  (loop ((n node) (path []))
    (if (nil? n) path (recur (get-in done [n :from]) (cons n path)))))

(define from-a (shortest roads :a))
(doseq (n [:a :b :c :d :e :f])
  (print n (get-in from-a [n :distance]) (path-to from-a n)))
(print (has-key? from-a :g) (keys (shortest roads :g)))

; A grid of digits: the cheapest way from corner to corner, paying for each field entered.
(define grid-text ["11911" "19911" "11111" "99991" "11111"])
(define grid (map (lambda (line) (map to-int (string->list line))) grid-text))
(define (cost at) (nth (nth grid (head at)) (second at)))
(define (grid-graph n)
  (fold
    (lambda (g at)
      (let (([r c] at))
        (set g at
          (list->dict
            (filter-map
              (lambda (step)
                (let ((to [(+ r (head step)) (+ c (second step))]))
                  (if (all? (lambda (x) (and (>= x 0) (< x n))) to) [to (cost to)] nil)))
              [[0 1] [1 0] [0 -1] [-1 0]])))))
    {}
    (flat-map (lambda (r) (map (lambda (c) [r c]) (range n))) (range n))))
(define ways (shortest (grid-graph 5) [0 0]))
(print (get-in ways [[4 4] :distance]) (get-in ways [[0 4] :distance]) (size ways))
(print (path-to ways [2 2]))

; Events in the order of time; handling one may plan others.
(define (simulate events until)
  (loop ((heap (fold (lambda (h e) (insert h (head e) (second e))) Empty events)) (log []))
    (match (pop-min heap)
      (nil log)
      ([t _ _] when (> t until) log)
      ([t [:tick n] more] (recur (insert more (+ t n) [:tick n]) (append log [[t n]])))
      ([t name more] (recur more (append log [[t name]]))))))
(print (simulate [[1 [:tick 3]] [5 "bell"] [2 [:tick 6]]] 10))
