; As many operations as the first argument says, each answered by a function clause.
(define-effect Ask (next (Int) Int))
(define (asks n) (loop ((i 0) (last 0)) (if (= i n) last (recur (+ i 1) (ask:next last)))))
(print (handler ((ask:next (lambda (x) (+ x 1)))) (asks (string->number (head (io:args))))))
