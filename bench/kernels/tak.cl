; Calls with three operands: Takeuchi's function.
(define (tak x y z)
  (if (< y x)
    (tak (tak (- x 1) y z) (tak (- y 1) z x) (tak (- z 1) x y))
    z))
(print (tak 32 16 8))
