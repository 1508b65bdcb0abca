; Fibonacci numbers by their definition; what the recursion ends at is asked of the handler.
(define-effect Base (of (Int) Int))
(define (fib n) (if (< n 2) (base:of n) (+ (fib (- n 1)) (fib (- n 2)))))
(define (run n)
  (let ((asked 0))
    (let ((result (handler ((base:of (lambda (n) (set! asked (+ asked 1)) n))) (fib n)))) [result asked])))
(print (run 33))
