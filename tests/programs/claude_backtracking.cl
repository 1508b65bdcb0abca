; Generators and choice by handlers.

(define-effect Gen (yield (a) Nil))

(define (to-list thunk)
  (handler ((control gen:yield (x) (cons x (resume nil)))
            (return (_) []))
    (thunk)))

; Stops the producer after n values: it is abandoned, and cleans up.
(define (take-from n thunk)
  (let ((left n) (out []))
    (handler ((control gen:yield (x)
                (set! out (append out [x]))
                (set! left (- left 1))
                (if (= left 0) out (resume nil)))
              (return (_) out))
      (thunk))))

(define (count-from n) (gen:yield n) (count-from (+ n 1)))

(data Tree (Leaf) (Node Tree Int Tree))
(define (insert t x)
  (match t
    (Leaf (Node Leaf x Leaf))
    ((Node l v r) (if (< x v) (Node (insert l x) v r) (Node l v (insert r x))))))
(define (walk t)
  (match t
    (Leaf nil)
    ((Node l v r) (do (walk l) (gen:yield v) (walk r)))))

(define tree (fold insert Leaf [5 2 8 1 9 3]))
(print (to-list (lambda () (walk tree))))
(print (take-from 3 (lambda () (walk tree))))
(print (take-from 5 (lambda () (count-from 10))))
(print (take-from 2 (lambda () (try (count-from 1) (finally (print "producer closed"))))))

; Stages between a producer and a consumer are handlers as well.
(define (filtered p thunk)
  (handler ((gen:yield (lambda (x) (if (p x) (gen:yield x) nil)))) (thunk)))
(define (mapped f thunk)
  (handler ((gen:yield (lambda (x) (gen:yield (f x))))) (thunk)))
(print (take-from 4
  (lambda () (mapped (lambda (x) (* x x)) (lambda () (filtered odd? (lambda () (count-from 1))))))))

; A consumer that pulls: the continuation is kept between two values.
(define (make-puller thunk)
  (let ((rest-of nil) (started false))
    (lambda ()
      (cond ((not started)
             (set! started true)
             (handler ((control gen:yield (x) (set! rest-of resume) [:value x])
                       (return (_) (set! rest-of nil) :end))
               (thunk)))
            ((nil? rest-of) :end)
            (else (let ((k rest-of)) (set! rest-of nil) (k nil)))))))
(define pull (make-puller (lambda () (walk (fold insert Leaf [2 1 3])))))
(print (pull) (pull) (pull) (pull) (pull))

; Two producers in step.
(define (same-fringe a b)
  (let ((left (make-puller (lambda () (walk a)))) (right (make-puller (lambda () (walk b)))))
    (loop ()
      (let ((x (left)) (y (right)))
        (cond ((!= x y) false)
              ((= x :end) true)
              (else (recur)))))))
(print (same-fringe (fold insert Leaf [1 2 3]) (fold insert Leaf [3 2 1])))
(print (same-fringe (fold insert Leaf [1 2 3]) (fold insert Leaf [1 2 4])))
(print (same-fringe Leaf Leaf))

; Backtracking: continuations are one-shot, so a search replays its choices from the start.
(define-effect Amb (pick (Int) Int) (fail () Never))
(define (next-path path)            ; path: list of [choice count], last choice first
  (match path
    ([] nil)
    ([[choice n] ...earlier]
      (if (< (+ choice 1) n) (cons [(+ choice 1) n] earlier) (next-path earlier)))))
(define (solutions thunk)
  (loop ((path []) (found []))
    (let ((todo (reverse path)) (taken []))
      (let ((result
              (handler ((amb:pick (lambda (n)
                          (let ((c (if (empty? todo) [0 n] (head todo))))
                            (unless (empty? todo) (set! todo (tail todo)))
                            (set! taken (cons c taken))
                            (head c))))
                        (amb:fail (lambda () []))
                        (return (x) [x]))
                (thunk))))
        (let ((more (next-path taken)) (all-found (append found result)))
          (if (nil? more) all-found (recur more all-found)))))))
(define (choose xs) (if (empty? xs) (amb:fail) (nth xs (amb:pick (length xs)))))
(define (need ok) (unless ok (amb:fail)))

(print (solutions (lambda ()
  (let ((a (choose [1 2 3 4 5 6])) (b (choose [1 2 3 4 5 6])))
    (need (= (+ a b) 9))
    [a b]))))
(print (solutions (lambda ()
  (let ((c (choose (range 1 11))) (b (choose (range 1 c))) (a (choose (range 1 (inc b)))))
    (need (= (* c c) (+ (* a a) (* b b))))
    [a b c]))))

(define (queens n)
  (loop ((row 0) (placed []))
    (if (= row n)
      (reverse placed)
      (let ((col (choose (range n))))
        (need (all? (lambda (pair)
                      (let (([d c] pair))
                        (and (!= c col) (!= (abs (- c col)) (+ d 1)))))
                    (enumerate placed)))
        (recur (+ row 1) (cons col placed))))))
(print (solutions (lambda () (queens 4))))
(print (length (solutions (lambda () (queens 5)))))
