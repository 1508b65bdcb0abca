; Parser combinators. A parser takes (text, position) and gives [value position], or nil.

(define (char-if p)
  (lambda (s i)
    (if (and (< i (string-length s)) (p (string-ref s i)))
      [(string-ref s i) (+ i 1)]
      nil)))

(define (literal text)
  (lambda (s i)
    (let ((end (+ i (string-length text))))
      (if (and (<= end (string-length s)) (= (substring s i end) text))
        [text end]
        nil))))

(define (mapped f p)
  (lambda (s i)
    (match (p s i)
      ([v j] [(f v) j])
      (_ nil))))

(define (both p q)
  (lambda (s i)
    (match (p s i)
      (nil nil)
      ([a j]
        (match (q s j)
          (nil nil)
          ([b k] [[a b] k]))))))

(define (either . ps)
  (lambda (s i)
    (let try-next ((left ps))
      (if (empty? left)
        nil
        (or ((head left) s i) (try-next (tail left)))))))

(define (many p)
  (lambda (s i)
    (let go ((i i) (acc []))
      (match (p s i)
        (nil [(reverse acc) i])
        ([v j] (go j (cons v acc)))))))

(define (some-of p)
  (mapped (lambda (pair) (cons (head pair) (second pair))) (both p (many p))))

(define (right p q) (mapped second (both p q)))
(define (left p q) (mapped head (both p q)))

; A procedure, so that a grammar may refer to itself.
(define (lazy thunk) (lambda (s i) ((thunk) s i)))

(define blanks (many (char-if (lambda (c) (= c " ")))))
(define (token p) (left p blanks))
(define (symbol text) (token (literal text)))

(define (digit? c) (and (>= c "0") (<= c "9")))
(define number
  (token (mapped (lambda (cs) (to-int (list->string cs))) (some-of (char-if digit?)))))

; operand (operator operand)*, gathered to the left
(define (chain operand operator)
  (mapped
    (lambda (pair)
      (let (([first-value more] pair))
        (fold (lambda (acc step) ((head step) acc (second step))) first-value more)))
    (both operand (many (both operator operand)))))

(define (op text f) (mapped (const f) (symbol text)))

(define factor
  (either number
          (right (symbol "(") (left (lazy (lambda () expression)) (symbol ")")))
          (mapped - (right (symbol "-") (lazy (lambda () factor))))))
(define term (chain factor (either (op "*" *) (op "/" /))))
(define expression (chain term (either (op "+" +) (op "-" -))))

(define (calculate text)
  (match ((right blanks expression) text 0)
    (nil "no expression")
    ([value end]
      (if (= end (string-length text))
        value
        (str "unexpected `" (string-ref text end) "` at " end)))))

(doseq (text ["1 + 2 * 3" "(1 + 2) * 3" " 10 - 4 - 3" "2 * (3 + 4) * 5" "7 / 2" "--5" "-(2 + 3)"
              "1 +" "2 $ 3" "" "((8))" "100 / 5 / 2"])
  (print (pr-str text) "=>" (calculate text)))

; The same pieces read lists of words.
(define (letter? c) (and (>= c "a") (<= c "z")))
(define word (token (mapped list->string (some-of (char-if letter?)))))
(define item
  (either word number
          (right (symbol "[") (left (lazy (lambda () items)) (symbol "]")))))
(define items
  (either
    (mapped (lambda (pair) (cons (head pair) (second pair)))
            (both item (many (right (symbol ",") item))))
    (lambda (s i) [[] i])))

(define (read-items text)
  (let (([value end] (items text 0)))
    (if (= end (string-length text)) value [:stopped end])))

(print (read-items "a, b, c"))
(print (read-items "a, [b, 12, [c]], d"))
(print (read-items "[]"))
(print (read-items "a, ,"))
