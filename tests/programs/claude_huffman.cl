; Huffman coding: a tree from frequencies, codes from the tree, text to bits and back.

(data Tree (Leaf Int String) (Fork Int Tree Tree))

(define (weight t) (match t ((Leaf w _) w) ((Fork w _ _) w)))
; The smallest character below, so that ties are always broken the same way.
(define (name-of t)
  (match t ((Leaf _ c) c) ((Fork _ a b) (let ((x (name-of a)) (y (name-of b))) (if (< x y) x y)))))

(define (by-weight trees) (sort-by (lambda (t) [(weight t) (name-of t)]) trees))

(define (build text)
  (let ((leaves (map (lambda (entry) (Leaf (second entry) (head entry)))
                     (entries (frequencies (string->list text))))))
    (loop ((trees (by-weight leaves)))
      (match trees
        ([] nil)
        ([t] t)
        ([a b ...more] (recur (by-weight (cons (Fork (+ (weight a) (weight b)) a b) more))))))))

(define (codes tree)
  (match tree
    (nil {})
    ((Leaf _ c) {c "0"})
    (_ (let walk ((t tree) (path "") (found {}))
         (match t
           ((Leaf _ c) (set found c path))
           ((Fork _ a b) (walk b (str path "1") (walk a (str path "0") found))))))))

(define (encode table text)
  (string-join (map (lambda (c) (get table c)) (string->list text)) ""))

(define (decode tree bits)
  (match tree
    (nil "")
    ((Leaf _ c) (string-repeat c (string-length bits)))
    (_ (loop ((t tree) (left (string->list bits)) (out []))
         (match t
           ((Leaf _ c)
             (let ((more (cons c out)))
               (if (empty? left) (list->string (reverse more)) (recur tree left more))))
           ((Fork _ a b) (recur (if (= (head left) "0") a b) (tail left) out)))))))

(define (show-code table)
  (string-join
    (map (lambda (pair) (str (pr-str (second pair)) "=" (get table (second pair))))
         (sort (map (lambda (c) [(string-length (get table c)) c]) (keys table))))
    " "))

(define (report text)
  (let ((tree (build text)) (table (codes tree)) (bits (encode table text)))
    (print (pr-str text))
    (print " " (show-code table))
    (print " " (string-length bits) "bits for" (string-length text) "characters, back"
           (= text (if (string-empty? text) (decode tree "") (decode tree bits))))))

(report "abracadabra")
(report "aaaa")
(report "mississippi")
(report "")
(print (encode (codes (build "abracadabra")) "cab"))

; No code is the beginning of another, and no shorter one would do: Kraft's sum is one.
(define table (codes (build "the quick brown fox jumps over the lazy dog")))
(define all-codes (vals table))
(print (length all-codes)
       (= [1] (unique (map (lambda (a) (count-if (lambda (b) (string-starts-with? b a)) all-codes))
                           all-codes))))
(print (sum (map (lambda (c) (/ 1.0 (pow 2 (string-length c)))) all-codes)))

; Bits in bytes of eight, as numbers.
(define (to-bytes bits)
  (map (lambda (part) (string->number (string-pad-right (list->string part) 8 "0") 2))
       (chunk 8 (string->list bits))))
(define (from-bytes bytes count)
  (substring (string-join (map (lambda (n) (string-pad-left (number->string n 2) 8 "0")) bytes) "")
             0 count))
(define bits (encode (codes (build "abracadabra")) "abracadabra"))
(print (to-bytes bits) (= bits (from-bytes (to-bytes bits) (string-length bits))))

; Run lengths for comparison.
(define (runs xs)
  (match xs
    ([] [])
    ([x ..._]
      (let ((same (take-while (lambda (y) (= x y)) xs)))
        (cons [x (length same)] (runs (drop (length same) xs)))))))
(print (runs (string->list "aaabccd")) (runs []))
