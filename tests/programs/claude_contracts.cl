; A queue of two lists and a sort, both under contract.

(data Queue (Queue (front : (List Any)) (back : (List Any))))
(spec:invariant Queue (q) (or (not (empty? (Queue-front q))) (empty? (Queue-back q))))

(define empty-queue (Queue [] []))
(define (balanced front back) (if (empty? front) (Queue (reverse back) []) (Queue front back)))
(define (contents q) (append (Queue-front q) (reverse (Queue-back q))))
(define (count-of q) (+ (length (Queue-front q)) (length (Queue-back q))))

(spec:contract put
  :ensures [(= (count-of result) (+ 1 (count-of q)))
            (= (last (contents result)) x)]
  :pure true)
(define (put q x) (balanced (Queue-front q) (cons x (Queue-back q))))

(spec:contract remove-first
  :requires [(> (count-of q) 0)]
  :ensures [(= (count-of (snd result)) (- (count-of q) 1))
            (= (cons (fst result) (contents (snd result))) (contents q))]
  :pure true)
(define (remove-first q)
  (tuple (head (Queue-front q)) (balanced (tail (Queue-front q)) (Queue-back q))))

(define (drain q)
  (if (= 0 (count-of q))
    []
    (let (((tuple x more) (remove-first q))) (cons x (drain more)))))

(define (violation f)
  (try (f)
    (catch (as e "contract-violation")
      (let ((d (get e :data)))
        (format "{} of {} by {}: {}"
          (get d :kind) (get d :function) (get d :blame) (get d :condition))))))

(define q (fold put empty-queue [1 2 3]))
(print q (contents q))
(print (drain q) (drain empty-queue))
(print (drain (put (snd (remove-first (put q 4))) 5)))
(print (violation (lambda () (remove-first empty-queue))))
(print (violation (lambda () (Queue [] [1]))))

; Insertion sort and two sorts with mistakes, all under the same contract.
(spec:contract sorting
  :requires [(all number? xs)]
  :ensures [(sorted? result) (permutation? result xs)]
  :abstract true)

(define (insert x xs)
  (match xs
    ([] [x])
    ([y ...more] (if (<= x y) (cons x xs) (cons y (insert x more))))))

(spec:contract good-sort :inherits sorting)
(define (good-sort xs) (fold-right insert [] xs))
(spec:contract lazy-sort :inherits sorting)
(define (lazy-sort xs) xs)
(spec:contract losing-sort :inherits sorting)
(define (losing-sort xs) (sort (unique xs)))

(doseq (xs [[3 1 2] [] [5 5 1] [1 2 3]])
  (print xs "good" (violation (lambda () (good-sort xs)))
            "| lazy" (violation (lambda () (lazy-sort xs)))
            "| losing" (violation (lambda () (losing-sort xs)))))
(print (violation (lambda () (good-sort ["a"]))))

; Binary search: requires a sorted list, ensures what it says about the index.
(spec:contract search
  :requires [(sorted? xs)]
  :ensures [(or (nil? result) (= (nth xs result) x))
            (or (int? result) (not (member? x xs)))])
(define (search xs x)
  (loop ((lo 0) (hi (length xs)))
    (if (>= lo hi)
      nil
      (let ((mid (quot (+ lo hi) 2)) (y (nth xs mid)))
        (cond ((= y x) mid)
              ((< y x) (recur (+ mid 1) hi))
              (else (recur lo mid)))))))
(define odd-numbers (range 1 40 2))
(print (map (lambda (x) (search odd-numbers x)) [1 39 21 20 0]))
(print (violation (lambda () (search [3 1 2] 1))))

; A counter that remembers the value before the call.
(define level (ref 0))
(spec:contract raise-level
  :requires [(> by 0)]
  :ensures [(= @level (+ by (old @level)))]
  :invariant [(<= @level 10)])
(define (raise-level by) (swap! level + by))
(print (raise-level 4) (raise-level 6))
(print (violation (lambda () (raise-level 0))))
(print (violation (lambda () (raise-level 1))))

(disable-contract-checking!)
(print (losing-sort [2 2 1]) (lazy-sort [2 1]))
(enable-contract-checking!)
(print (violation (lambda () (lazy-sort [2 1]))))
