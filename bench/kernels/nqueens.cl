; Lists: in how many ways twelve queens stand on a board.
(define (safe? queen distance placed)
  (or (empty? placed)
      (let ((q (head placed)))
        (and (!= q queen) (!= q (+ queen distance)) (!= q (- queen distance))
             (safe? queen (+ distance 1) (tail placed))))))
(define (place row size placed)
  (if (= row 0)
    1
    (loop ((queen 1) (count 0))
      (if (> queen size)
        count
        (recur (+ queen 1)
               (if (safe? queen 1 placed) (+ count (place (- row 1) size (cons queen placed))) count))))))
(print (place 12 12 []))
