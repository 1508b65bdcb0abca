; A cell that a handler keeps is read and written until it holds zero.
(define-effect Cell (read () Int) (write (Int) Nil))
(define (countdown)
  (let ((n (cell:read))) (if (= n 0) n (do (cell:write (- n 1)) (countdown)))))
(define (run n)
  (let ((held n))
    (handler ((cell:read (lambda () held)) (cell:write (lambda (v) (set! held v) nil))) (countdown))))
(print (run 15000000))
