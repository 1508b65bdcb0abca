; A clause computes with what the rest of the body gave: every operation waits for all that follow it.
(define-effect Op (at (Int) Nil))
(define (body n s) (loop ((i n)) (if (= i 0) s (do (op:at i) (recur (- i 1))))))
(define (once n s)
  (handler ((control op:at (x)
              (let ((y (resume nil))) (mod (abs (+ (- x (* 503 y)) 37)) 1009))))
    (body n s)))
(define (run n) (loop ((i 1000) (s 0)) (if (= i 0) s (recur (- i 1) (once n s)))))
(print (run 1000))
