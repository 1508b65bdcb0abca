; An inventory report: text to records, checks, groups, totals, a table in columns.

(define source "sku,name,group,count,price
A1,hammer,tools,12,19.5
A2,saw,tools,0,24.25
B1,nails,parts,1000,0.05
B2,screws,parts,800,0.125
C1,paint,surface,7,12.5
C2,brush,surface,x,3.0
A3,drill,tools,3,89.0")

(define lines (string-lines source))
(define columns (map string->keyword (string-split (head lines) ",")))

(define (read-line-of text)
  (let ((raw (zipmap columns (string-split text ","))))
    (try {:ok (-> raw
                  (update :count to-int)
                  (update :price to-float))}
      (catch "parse" {:bad (get raw :sku)}))))

(define parsed (map read-line-of (tail lines)))
(define items (filter-map (lambda (r) (get r :ok)) parsed))
(define rejected (filter-map (lambda (r) (get r :bad)) parsed))
(print (length items) "items, rejected" rejected)

(define (value-of item) (* (get item :count) (get item :price)))

; Money in cents, printed with two places.
(define (money q)
  (let ((cents (round (* 100 q))))
    (str (quot cents 100) "." (string-pad-left (to-string (mod cents 100)) 2 "0"))))

(define (row . cells)
  (string-trim-end
    (string-join
      (map (lambda (cell width)
             (if (< width 0)
               (string-pad-left (to-string cell) (abs width))
               (string-pad-right (to-string cell) width)))
           cells [4 8 -6 -8 -9])
      " ")))

(print (row "sku" "name" "count" "price" "value"))
(print (string-repeat "-" 39))
(doseq (i (sort-by (lambda (i) (- (value-of i))) items))
  (print (row (get i :sku) (get i :name) (get i :count)
              (money (get i :price)) (money (value-of i)))))
(print (string-repeat "-" 39))
(print (row "" "total" (sum (map :count items)) "" (money (sum (map value-of items)))))

(define by-group (group-by :group items))
(doseq (entry (sort (entries by-group)))
  (let (([name members] entry))
    (print name (length members) "worth" (money (sum (map value-of members)))
           "dearest" (get (max-by :price members) :name))))

; Orders change the stock; what cannot be served stays open.
(define orders [["A1" 5] ["A2" 1] ["A3" 3] ["A1" 8] ["Z9" 1] ["B1" 250]])
(define stock (list->dict (map (lambda (i) [(get i :sku) (get i :count)]) items)))
(define (serve state order)
  (let (([sku n] order) ({:stock stock} state))
    (cond ((not (has-key? stock sku))
            (update state :open (lambda (xs) (append xs [[sku "unknown"]]))))
          ((> n (get stock sku))
            (update state :open (lambda (xs) (append xs [[sku (- n (get stock sku))]]))))
          (else (-> state
                    (assoc-in [:stock sku] (- (get stock sku) n))
                    (update :served inc))))))
(define end (fold serve {:stock stock :open [] :served 0} orders))
(print "served" (get end :served) "open" (get end :open))
(print (get end :stock))
(print "to order" (keys (fold (lambda (m sku) (if (> (get m sku) 5) (dissoc m sku) m))
                              (get end :stock) (keys (get end :stock)))))

; Price changes by rules, the first that fits.
(define rules
  [[(lambda (i) (= 0 (get i :count))) (lambda (p) p)]
   [(lambda (i) (= (get i :group) "tools")) (lambda (p) (* p 2))]
   [(lambda (i) (< (get i :price) 1)) (lambda (p) (+ p 1))]
   [(const true) (lambda (p) (/ p 2))]])
(define (new-price item)
  (let (([_ change] (find (lambda (rule) ((head rule) item)) rules)))
    (change (get item :price))))
(print (map (lambda (i) [(get i :sku) (new-price i)]) items))
