; Text: lines made of numbers and words, joined and searched.
(define (line n) (str "line " n ": " (* n n) " is the square, " (string-upcase "done")))
(define (block from) (string-join (map line (range from (+ from 100))) "\n"))
(define (run n)
  (loop ((i 0) (total 0))
    (if (= i n)
      total
      (let ((text (block (* i 100))))
        (recur (+ i 1) (+ total (string-length text) (length (string-split text "\n"))))))))
(print (run 7500))
