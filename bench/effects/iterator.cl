; Numbers in order are emitted; the handler adds them.
(define-effect Emit (value (Int) Nil))
(define (numbers low high) (loop ((l low)) (when (<= l high) (emit:value l) (recur (+ l 1)))))
(define (run n)
  (let ((sum 0))
    (handler ((emit:value (lambda (x) (set! sum (+ sum x)) nil))) (numbers 0 n))
    sum))
(print (run 20000000))
