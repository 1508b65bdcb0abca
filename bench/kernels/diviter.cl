; Short lists that are made and taken apart: halves of lists of 200.
(define (create n) (loop ((n n) (made [])) (if (= n 0) made (recur (- n 1) (cons nil made)))))
(define (halve xs)
  (loop ((xs xs) (half []))
    (if (empty? xs) half (recur (tail (tail xs)) (cons (head xs) half)))))
(define xs (create 200))
(define (run n) (loop ((i 0) (total 0)) (if (= i n) total (recur (+ i 1) (+ total (length (halve xs)))))))
(print (run 180000))
