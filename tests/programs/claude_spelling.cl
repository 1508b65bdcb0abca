; Distances between words, corrections, and the edits that lead from one to another.

(define (next-row previous c target)
  (loop ((left (+ 1 (head previous)))
         (row [(+ 1 (head previous))])
         (up (tail previous))
         (diagonal (head previous))
         (cs target))
    (if (empty? cs)
      (reverse row)
      (let ((cost (min (+ 1 left)
                       (+ 1 (head up))
                       (+ diagonal (if (= c (head cs)) 0 1)))))
        (recur cost (cons cost row) (tail up) (head up) (tail cs))))))

(define (distance a b)
  (let ((target (string->list b)))
    (last (fold (lambda (row c) (next-row row c target))
                (range (+ 1 (length target)))
                (string->list a)))))

(doseq (pair [["kitten" "sitting"] ["" "abc"] ["abc" ""] ["same" "same"] ["flaw" "lawn"]
              ["intention" "execution"] ["é" "e"]])
  (print (head pair) (second pair) (apply distance pair)))

; The edits themselves, by recursion with a memory.
(data Edit (Keep String) (Put String) (Drop String) (Swap String String))
(define (cost-of edits) (count-if (lambda (e) (not (is? Keep e))) edits))
(define (best . ways) (min-by cost-of ways))

(define (edits a b)
  (let ((known (ref {})))
    (let go ((xs (string->list a)) (ys (string->list b)))
      (let ((key [(length xs) (length ys)]))
        (or (get @known key)
            (let ((found
                    (match [xs ys]
                      ([[] []] [])
                      ([[] [y ...more]] (cons (Put y) (go [] more)))
                      ([[x ...more] []] (cons (Drop x) (go more [])))
                      ([[x ...xs2] [y ...ys2]]
                        (if (= x y)
                          (cons (Keep x) (go xs2 ys2))
                          (best (cons (Swap x y) (go xs2 ys2))
                                (cons (Drop x) (go xs2 ys))
                                (cons (Put y) (go xs ys2))))))))
              (swap! known set key found)
              found))))))
(define (replayed es)
  (list->string
    (filter-map (lambda (e) (match e ((Keep c) c) ((Put c) c) ((Swap _ c) c) ((Drop _) nil))) es)))

(print (edits "cat" "cut"))
(print (cost-of (edits "kitten" "sitting")) (replayed (edits "kitten" "sitting")))
(print (replayed (edits "" "new")) (cost-of (edits "old" "")) (edits "" ""))

; Corrections: near words, the most frequent first.
(define corpus "the cat sat on the mat the cat ate the rat and then the hat fell on that mat")
(define counts (frequencies (string-split corpus " ")))
(define (known? w) (has-key? counts w))

(define letters (string->list "abcdefghijklmnopqrstuvwxyz"))
(define (one-edit w)
  (let ((n (string-length w))
        (cut (lambda (i) [(substring w 0 i) (substring w i)])))
    (unique
      (append
        (map (lambda (i) (str (substring w 0 i) (substring w (+ i 1)))) (range n))
        (map (lambda (i)
               (str (substring w 0 i) (string-ref w (+ i 1))
                    (string-ref w i) (substring w (+ i 2))))
             (range (- n 1)))
        (flat-map
          (lambda (i) (map (lambda (c) (str (substring w 0 i) c (substring w (+ i 1)))) letters))
          (range n))
        (flat-map (lambda (i) (let (([a b] (cut i))) (map (lambda (c) (str a c b)) letters)))
                  (range (+ n 1)))))))

(define (by-count words)
  (map second (sort (map (lambda (w) [(- (get counts w)) w]) words))))
(define (corrections w)
  (if (known? w) [w] (by-count (filter known? (one-edit w)))))

(print (length (one-edit "ab")) (length (one-edit "a")))
(doseq (w ["cat" "teh" "caat" "zat" "thn" "qqqq" "ma"])
  (print w (corrections w)))
(print (map (lambda (w) (distance "hat" w)) (corrections "zat")))

(define (soundex-like w)
  (let ((code {"b" "1" "f" "1" "p" "1" "v" "1" "c" "2" "g" "2" "k" "2" "s" "2" "d" "3" "t" "3"
               "l" "4" "m" "5" "n" "5" "r" "6"})
        (chars (string->list w)))
    (str (string-upcase (head chars))
         (list->string (take 3 (filter-map (lambda (c) (get code c)) (tail chars)))))))
(print (map soundex-like ["robert" "rupert" "cat" "at"]))
