; Deep calls: Ackermann's function.
(define (ack m n)
  (cond ((= m 0) (+ n 1))
        ((= n 0) (ack (- m 1) 1))
        (else (ack (- m 1) (ack m (- n 1))))))
(define (repeat times) (loop ((i 0) (last 0)) (if (= i times) last (recur (+ i 1) (ack 2 320)))))
(print (repeat 320) (ack 3 7))
