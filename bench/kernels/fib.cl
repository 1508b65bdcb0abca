; Calls and integers: the 36th Fibonacci number by its definition.
(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
(print (fib 36))
