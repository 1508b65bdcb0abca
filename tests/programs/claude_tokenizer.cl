; A tokenizer with positions for a language of names, numbers, strings, operators and comments,
; and a pretty-printer and a counter that use it.

(data Token
  (Name String Int) (Number Int Int) (Text String Int) (Op String Int) (Bad String Int))

(define (between? c lo hi) (and (>= c lo) (<= c hi)))
(define (letter? c) (or (between? c "a" "z") (between? c "A" "Z") (= c "_")))
(define (digit? c) (between? c "0" "9"))
(define (blank? c) (member? c [" " "\n" "\t"]))
(define operators
  ["<=" ">=" "==" "!=" "&&" "||" "+" "-" "*" "/" "<" ">" "=" "(" ")" "{" "}" ";" ","])

(define (run-while p s i)
  (if (and (< i (string-length s)) (p (string-ref s i))) (run-while p s (+ i 1)) i))

; Reads the string that begins after position i; gives [text end], end nil if it is not closed.
(define (read-text s i)
  (loop ((i i) (parts []))
    (if (>= i (string-length s))
      [(list->string (reverse parts)) nil]
      (case (string-ref s i)
        ("\"" [(list->string (reverse parts)) (+ i 1)])
        ("\\" (if (< (+ i 1) (string-length s))
                (recur (+ i 2)
                       (cons (case (string-ref s (+ i 1)) ("n" "\n") (_ (string-ref s (+ i 1))))
                             parts))
                (recur (+ i 1) parts)))
        (_ (recur (+ i 1) (cons (string-ref s i) parts)))))))

(define (starts-at? s i part)
  (let ((end (+ i (string-length part))))
    (and (<= end (string-length s)) (= (substring s i end) part))))

(define (tokens s)
  (loop ((i 0) (out []))
    (if (>= i (string-length s))
      (reverse out)
      (let ((c (string-ref s i)))
        (cond
          ((blank? c) (recur (+ i 1) out))
          ((= c "#") (recur (run-while (lambda (c) (!= c "\n")) s i) out))
          ((letter? c)
            (let ((end (run-while (lambda (c) (or (letter? c) (digit? c))) s i)))
              (recur end (cons (Name (substring s i end) i) out))))
          ((digit? c)
            (let ((end (run-while digit? s i)))
              (recur end (cons (Number (to-int (substring s i end)) i) out))))
          ((= c "\"")
            (let (([text end] (read-text s (+ i 1))))
              (if (nil? end)
                (recur (string-length s) (cons (Bad "open string" i) out))
                (recur end (cons (Text text i) out)))))
          (else
            (match (find (lambda (o) (starts-at? s i o)) operators)
              (nil (recur (+ i 1) (cons (Bad c i) out)))
              (o (recur (+ i (string-length o)) (cons (Op o i) out))))))))))

(define source "# area\nlet w = 12; let h=3;\nif (w>=h && h != 0) { print(\"w*h: \\\"\", w*h); }\n")
(define all-tokens (tokens source))
(print (length all-tokens))
(doseq (t (take 8 all-tokens)) (print t))
(print (last all-tokens))

(define (text-of t)
  (match t
    ((Name n _) n)
    ((Number n _) (to-string n))
    ((Text s _) (pr-str s))
    ((Op o _) o)
    ((Bad s _) (str "<" s ">"))))
(define (place s t)
  (let ((before (substring s 0 (last (tagged-values t)))))
    (let ((lines (string-split before "\n")))
      (str (length lines) ":" (+ 1 (string-length (last lines)))))))
(print (map (lambda (t) (place source t)) (filter (lambda (t) (is? Name t)) all-tokens)))

; Pretty-printing by tokens alone: braces indent, semicolons end lines.
(define (pretty ts)
  (loop ((ts ts) (depth 0) (line "") (out []))
    (let ((flush (lambda (text) (if (string-empty? text) out
                   (append out [(str (string-repeat "  " depth) text)])))))
      (match ts
        ([] (flush line))
        ([(Op ";" _) ...more] (recur more depth "" (flush (str line ";"))))
        ([(Op "{" _) ...more] (recur more (+ depth 1) "" (flush (str line " {"))))
        ([(Op "}" _) ...more]
          (let ((done (flush line)))
            (recur more (- depth 1) "" (append done [(str (string-repeat "  " (- depth 1)) "}")]))))
        ([t ...more]
          (let ((tight (or (string-empty? line) (string-ends-with? line "(")
                           (member? (text-of t) ["(" ")" ","]))))
            (recur more depth (str line (if tight "" " ") (text-of t)) out)))))))
(doseq (line (pretty all-tokens)) (print line))

(print (frequencies (map (lambda (t) (symbol->string (tagged-tag t))) all-tokens)))
(print (tokens "a$b") (tokens "\"open"))
(print (= (map text-of all-tokens) (map text-of (tokens (string-join (pretty all-tokens) "\n")))))
(print (tokens ""))
