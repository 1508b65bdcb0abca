; Conway's Life on an unbounded board: a set of living cells.

(define (parse rows)
  (set-from-list
    (flat-map
      (lambda (row)
        (let (([r text] row))
          (filter-map
            (lambda (cell) (if (= (second cell) "#") [r (head cell)] nil))
            (enumerate (string->list text)))))
      (enumerate rows))))

(define offsets
  (remove (lambda (o) (= o [0 0]))
          (flat-map (lambda (r) (map (lambda (c) [r c]) [-1 0 1])) [-1 0 1])))

(define (neighbours cell) (map (lambda (o) (map + cell o)) offsets))

(define (next-generation cells)
  (let ((counts (frequencies (flat-map neighbours (set->list cells)))))
    (set-from-list
      (filter-map
        (lambda (entry)
          (let (([cell n] entry))
            (if (or (= n 3) (and (= n 2) (set-has? cells cell))) cell nil)))
        (entries counts)))))

(define (bounds cells)
  (let ((rows (map first (set->list cells))) (columns (map second (set->list cells))))
    [(reduce min rows) (reduce max rows) (reduce min columns) (reduce max columns)]))

(define (show cells)
  (if (empty? cells)
    (print "(nothing)")
    (let (([top bottom left right] (bounds cells)))
      (doseq (r (range top (+ bottom 1)))
        (print (list->string
                 (map (lambda (c) (if (set-has? cells [r c]) "#" "."))
                      (range left (+ right 1)))))))))

; Moves a pattern to the corner, so that shapes can be compared.
(define (normal cells)
  (if (empty? cells)
    cells
    (let (([top _ left _] (bounds cells)))
      (set-from-list (map (lambda (cell) (map - cell [top left])) (set->list cells))))))

(define (generations cells n) (iterate next-generation cells n))

(define blinker (parse ["###"]))
(define block (parse ["##" "##"]))
(define glider (parse [".#." "..#" "###"]))
(define toad (parse [".###" "###."]))

(print "blinker")
(doseq (g (generations blinker 3)) (show g) (print))
(print "glider")
(doseq (g (generations glider 5)) (show g) (print))

(print "block is still" (= block (next-generation block)))
(print "blinker has period 2" (= blinker (last (generations blinker 3))))
(print "toad has period 2" (= toad (last (generations toad 3))) (= toad (next-generation toad)))
(define later (last (generations glider 5)))
(print "glider moves" (= (normal later) (normal glider)) (= later glider)
       (take 1 (bounds later)) (take 1 (bounds glider)))
(print "population" (map set-size (generations (parse [".##" "##." ".#."]) 8)))
(show (next-generation (parse ["#"])))

; What is left after a while: the period of a pattern, found by remembering what was seen.
(define (period cells most)
  (loop ((g cells) (seen {}) (n 0))
    (let ((key (sort (set->list (normal g)))))
      (cond ((has-key? seen key) (- n (get seen key)))
            ((> n most) nil)
            (else (recur (next-generation g) (set seen key n) (+ n 1)))))))
(print (map (lambda (c) (period c 10)) [block blinker toad glider (parse ["#"])]))
