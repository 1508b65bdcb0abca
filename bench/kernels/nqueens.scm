(define (safe? queen distance placed)
  (or (null? placed)
      (let ((q (car placed)))
        (and (not (= q queen)) (not (= q (+ queen distance))) (not (= q (- queen distance)))
             (safe? queen (+ distance 1) (cdr placed))))))
(define (place row size placed)
  (if (= row 0)
      1
      (let loop ((queen 1) (count 0))
        (if (> queen size)
            count
            (loop (+ queen 1)
                  (if (safe? queen 1 placed) (+ count (place (- row 1) size (cons queen placed))) count))))))
(display (place 12 12 '())) (newline)
