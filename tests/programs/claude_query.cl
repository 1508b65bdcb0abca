; A query language made of macros: from, where, select, order, group. Conditions and columns are
; written with bare names, which become look-ups in the row.

(define people
  [{:name "Ann" :age 34 :city "Ulm" :pay 4200}
   {:name "Bob" :age 19 :city "Bonn" :pay 1800}
   {:name "Cem" :age 51 :city "Ulm" :pay 5100}
   {:name "Dan" :age 28 :city "Kiel" :pay 3000}
   {:name "Eve" :age 42 :city "Bonn" :pay 4200}])

(define cities [{:city "Ulm" :land "BW"} {:city "Bonn" :land "NRW"}])

; Names that begin with a dot are columns: `.age` is (get row :age).
(define (column? x) (and (symbol? x) (string-starts-with? (symbol->string x) ".")))
(define (column-key x) (string->keyword (substring (symbol->string x) 1)))
(define (with-columns row x)
  (cond ((column? x) `(get ,row ,(column-key x)))
        ((list? x) (map (lambda (y) (with-columns row y)) x))
        (else x)))

(define-macro (row-lambda body)
  (let ((row (gensym "row")))
    `(lambda (,row) ,(with-columns row body))))

(define-macro (from rows . clauses)
  (fold (lambda (acc clause) `(,(head clause) ,acc ,@(tail clause))) rows clauses))

(define-macro (where rows condition) `(filter (row-lambda ,condition) ,rows))
(define-macro (order rows key) `(sort-by (row-lambda ,key) ,rows))
(define-macro (limit rows n) `(take ,n ,rows))
(define-macro (select rows . columns)
  `(map (row-lambda (list ,@columns)) ,rows))
(define-macro (select-as rows . columns)
  `(map (lambda (row)
          (zipmap (list ,@(map column-key columns))
                  ((row-lambda (list ,@columns)) row)))
        ,rows))
(define-macro (extend rows name value)
  `(map (lambda (row) (set row ,(column-key name) ((row-lambda ,value) row))) ,rows))
(define-macro (group rows key . totals)
  `(map (lambda (pair)
          (cons (head pair)
                (map (lambda (total) (total (second pair))) (list ,@totals))))
        (entries (group-by (row-lambda ,key) ,rows))))
(define-macro (total-of value) `(lambda (rows) (sum (map (row-lambda ,value) rows))))
(define-macro (largest value) `(lambda (rows) (reduce max (map (row-lambda ,value) rows))))
(define-macro (join rows others key)
  `(flat-map
     (lambda (row)
       (filter-map
         (lambda (other)
           (if (= ((row-lambda ,key) row) ((row-lambda ,key) other)) (merge row other) nil))
         ,others))
     ,rows))

(define (show title rows)
  (print title)
  (doseq (row rows) (print " " row)))

(show "all names" (from people (select .name)))
(show "older than thirty" (from people (where (> .age 30)) (select .name .age)))
(show "by age" (from people (order .age) (select .name .age)))
(show "best paid" (from people (order (- .pay)) (limit 2) (select .name .pay)))
(show "two conditions"
  (from people (where (and (= .city "Ulm") (< .age 40))) (select-as .name .city)))
(show "computed" (from people (extend .yearly (* 12 .pay)) (where (> .yearly 50000))
                              (select .name .yearly)))
(show "groups" (from people (group .city length (total-of .pay) (largest .age))))
(show "join" (from people (join cities .city) (select .name .land)))
(show "join and group" (from people (join cities .city) (group .land length)))
(show "nobody" (from people (where (> .age 99)) (select .name)))

; The expansion is ordinary code, and a variable of the user is not captured.
(define row 30)
(define rows 2)
(show "user names" (from people (where (> .age (+ row rows))) (select .name)))
(print (macroexpand '(from people (where (> .age 30)) (limit 1))))
