; Sudoku: candidates are narrowed until nothing changes; then the field with the fewest is tried.

(define (parse text)
  (map to-int (filter (lambda (c) (string-contains? "0123456789" c)) (string->list text))))

(define (row-of i) (quot i 9))
(define (column-of i) (mod i 9))
(define (box-of i) (+ (* 3 (quot (row-of i) 3)) (quot (column-of i) 3)))

(define peers
  (map (lambda (i)
         (filter (lambda (j)
                   (and (!= i j)
                        (or (= (row-of i) (row-of j))
                            (= (column-of i) (column-of j))
                            (= (box-of i) (box-of j)))))
                 (range 81)))
       (range 81)))

; Removes a digit from a field; gives the board (field -> candidates), or nil if that fails.
(define (drop-digit board i d)
  (let ((left (get board i)))
    (cond ((not (member? d left)) board)
          ((= 1 (length left)) nil)
          (else
            (let ((rest-digits (remove (lambda (x) (= x d)) left))
                  (next (set board i rest-digits)))
              (if (= 1 (length rest-digits))
                (drop-from-all next (nth peers i) (head rest-digits))
                next))))))
(define (drop-from-all board fields d)
  (cond ((nil? board) nil)
        ((empty? fields) board)
        (else (drop-from-all (drop-digit board (head fields) d) (tail fields) d))))
(define (fix-digit board i d)
  (fold (lambda (b other) (if (nil? b) nil (drop-digit b i other)))
        board
        (remove (lambda (x) (= x d)) (get board i))))

(define open-board (zipmap (range 81) (repeat (range 1 10) 81)))
(define (load digits)
  (fold (lambda (b pair)
          (let (([i d] pair))
            (cond ((nil? b) nil)
                  ((= d 0) b)
                  ((member? d (get b i)) (fix-digit b i d))
                  (else nil))))
        open-board
        (enumerate digits)))

(define guesses (ref 0))
(define (solve board)
  (if (nil? board)
    nil
    (let ((undecided (filter (lambda (i) (> (length (get board i)) 1)) (range 81))))
      (if (empty? undecided)
        board
        (let ((i (min-by (lambda (i) (length (get board i))) undecided)))
          (try-digits board i (get board i)))))))
(define (try-digits board i digits)
  (if (empty? digits)
    nil
    (do (swap! guesses inc)
        (or (solve (fix-digit board i (head digits)))
            (try-digits board i (tail digits))))))

(define (show board)
  (doseq (r (range 9))
    (print (string-join
             (map (lambda (part) (string-join (map to-string part) ""))
                  (chunk 3 (map (lambda (c) (head (get board (+ (* 9 r) c)))) (range 9))))
             " "))))

(define (correct? board)
  (let ((digit (lambda (i) (head (get board i))))
        (groups (append
                  (vals (group-by row-of (range 81)))
                  (vals (group-by column-of (range 81)))
                  (vals (group-by box-of (range 81))))))
    (all? (lambda (g) (= (sort (map digit g)) (range 1 10))) groups)))

(define puzzle
  (parse "530 070 000
          600 195 000
          098 000 060
          800 060 003
          400 803 001
          700 020 006
          060 000 280
          000 419 005
          000 080 079"))

(print (length puzzle) (count-if zero? puzzle) (length (nth peers 0)))
(define solved (solve (load puzzle)))
(show solved)
(print (correct? solved))
(print (all? (lambda (pair) (or (= 0 (second pair)) (= [(second pair)] (get solved (head pair)))))
             (enumerate puzzle)))

; Two equal digits in a row cannot be solved.
(print (solve (load (cons 5 (cons 5 (repeat 0 79))))))
