; As many operations as the first argument says, each answered by a control clause that gives its continuation away; a
; loop outside of the handler resumes it.
(define-effect Ask (next (Int) Int))
(define (asks n) (loop ((i 0) (last 0)) (if (= i n) last (recur (+ i 1) (ask:next last)))))
(data Step (Done Int) (Asked Int (Function Int Any)))
(define (start n)
  (handler ((control ask:next (x) (Asked x resume)) (return (x) (Done x))) (asks n)))
(define (answer-all step)
  (loop ((step step))
    (match step
      ((Done x) x)
      ((Asked x more) (recur (more (+ x 1)))))))
(print (answer-all (start (string->number (head (io:args))))))
