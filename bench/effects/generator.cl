; A full binary tree is walked inside of a generator; who pulls its values adds them.
(define-effect Gen (yield (Int) Nil))
(data Tree (Leaf) (Node Tree Int Tree))
(define (full depth)
  (if (= depth 0) Leaf (let ((below (full (- depth 1)))) (Node below depth below))))
(define (walk t)
  (match t
    (Leaf nil)
    ((Node left value right) (do (walk left) (gen:yield value) (walk right)))))
(data Step (Done) (Value Int (Function Nil Any)))
(define (start thunk)
  (handler ((control gen:yield (x) (Value x resume)) (return (_) Done)) (thunk)))
(define (total step)
  (loop ((step step) (sum 0))
    (match step
      (Done sum)
      ((Value x more) (recur (more nil) (+ sum x))))))
(print (total (start (lambda () (walk (full 20))))))
