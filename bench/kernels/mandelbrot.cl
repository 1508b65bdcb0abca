; Floats: how many points of a grid stay in the set for 50 steps.
(define size 800)
(define steps 50)
(define (inside? cr ci)
  (loop ((zr 0.0) (zi 0.0) (n 0))
    (cond ((= n steps) true)
          ((> (+ (* zr zr) (* zi zi)) 4.0) false)
          (else (recur (+ (- (* zr zr) (* zi zi)) cr) (+ (* 2.0 zr zi) ci) (+ n 1))))))
(define (row y)
  (loop ((x 0) (count 0))
    (if (= x size)
      count
      (recur (+ x 1) (if (inside? (- (/ (* 3.0 x) size) 2.0) (- (/ (* 3.0 y) size) 1.5)) (+ count 1) count)))))
(print (loop ((y 0) (count 0)) (if (= y size) count (recur (+ y 1) (+ count (row y))))))
