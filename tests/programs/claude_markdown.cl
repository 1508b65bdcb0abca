; A renderer from a small markup language to HTML: blocks by lines, then spans inside of them.

(data Block
  (Heading Int String) (Para String) (Bullets (List String)) (Code (List String)) (Rule))

(define (heading-level line)
  (length (take-while (lambda (c) (= c "#")) (string->list line))))

(define heading-pattern (regex "#{1,6} .*"))
(define (heading? line) (regex-match? heading-pattern line))
(define (bullet? line) (string-starts-with? line "- "))
(define (fence? line) (string-starts-with? line "```"))
(define (plain? line)
  (not (or (string-empty? (string-trim line)) (heading? line) (bullet? line) (fence? line)
           (= line "---"))))

(define (blocks lines)
  (match lines
    ([] [])
    (["" ...more] (blocks more))
    (["---" ...more] (cons Rule (blocks more)))
    ([line ...more]
      (cond
        ((heading? line)
          (let ((n (heading-level line)))
            (cons (Heading n (string-trim (substring line n))) (blocks more))))
        ((fence? line)
          (let ((code (take-while (complement fence?) more)))
            (cons (Code code) (blocks (drop (+ 1 (length code)) more)))))
        ((bullet? line)
          (let ((items (take-while bullet? lines)))
            (cons (Bullets (map (lambda (l) (substring l 2)) items))
                  (blocks (drop (length items) lines)))))
        ((plain? line)
          (let ((text (take-while plain? lines)))
            (cons (Para (string-join (map string-trim text) " "))
                  (blocks (drop (length text) lines)))))
        (else (blocks more))))))

(define (escape s)
  (-> s
      (string-replace "&" "&amp;")
      (string-replace "<" "&lt;")
      (string-replace ">" "&gt;")))

(define (marked text pattern replacement) (regex-replace (regex pattern) text replacement))

; Code spans first: what is in them is not marked up further.
(define (spans s)
  (string-join
    (map-indexed
      (lambda (i part)
        (if (odd? i)
          (str "<code>" (escape part) "</code>")
          (-> (escape part)
              (string-replace "--" "–")
              (marked "\\*\\*([^*]+)\\*\\*" "<b>$1</b>")
              (marked "\\*([^*]+)\\*" "<i>$1</i>")
              (marked "\\[([^\\]]+)\\]\\(([^)]+)\\)" "<a href='$2'>$1</a>"))))
      (string-split s "`"))
    ""))

(define (tag-line name text) (str "<" name ">" text "</" name ">"))
(define (render block)
  (match block
    ((Heading n text) [(tag-line (str "h" n) (spans text))])
    ((Para text) [(tag-line "p" (spans text))])
    ((Bullets items)
      (append ["<ul>"] (map (lambda (i) (str "  " (tag-line "li" (spans i)))) items) ["</ul>"]))
    ((Code lines) (append ["<pre>"] (map escape lines) ["</pre>"]))
    (Rule ["<hr>"])))

(define text "# The *first* title
Some text
on two lines, **bold** and *light*.

- one `a < b`
- two [here](x.html)
- three -- a dash
## Code
```
if (a < b && c) { *not* bold }
```
---
A & B, `**raw**` ends.
")

(define doc (blocks (string-lines text)))
(doseq (b doc) (print b))
(doseq (line (flat-map render doc)) (print line))

(define (outline bs)
  (filter-map
    (lambda (b) (match b ((Heading n t) (str (string-repeat "  " (- n 1)) t)) (_ nil)))
    bs))
(print (outline doc))
(print (blocks []) (flat-map render (blocks ["" "" "x"])))
(print (spans "plain") (spans "*a* **b** `*c*`") (spans "a*b"))
