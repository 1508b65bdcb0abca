; Event sourcing: the state is a fold over events; commands are checked against it and give events.

(data Event
  (Opened String Int)                ; order id, time
  (Added String String Int Int)      ; order id, article, count, price
  (Removed String String)
  (Paid String Int)
  (Shipped String Int)
  (Cancelled String String))

(define-effect Store (append-all (String (List Any)) Nil) (load (String) Any))

(define empty-order {:status :none :items {} :paid 0})

(define (apply-event order event)
  (match event
    ((Opened _ t) (set order :status :open :since t))
    ((Added _ article n price) (assoc-in order [:items article] {:n n :price price}))
    ((Removed _ article) (update order :items (lambda (m) (dissoc m article))))
    ((Paid _ amount) (update order :paid (lambda (p) (+ p amount))))
    ((Shipped _ t) (set order :status :shipped :shipped-at t))
    ((Cancelled _ why) (set order :status :cancelled :reason why))))

(define (replay events) (fold apply-event empty-order events))
(define (total order)
  (sum (map (lambda (i) (* (get i :n) (get i :price))) (vals (get order :items)))))

(define (refuse why) (raise "refused" why))
(define (need ok why) (unless ok (refuse why)))

; A decision: order and command to a list of events, or the error `refused`.
(define (decide id order command)
  (match command
    ([:open t] (do (need (= (get order :status) :none) "exists already") [(Opened id t)]))
    ([:add article n price]
      (do (need (= (get order :status) :open) "is not open")
          (need (> n 0) "count must be positive")
          [(Added id article n price)]))
    ([:remove article]
      (do (need (has-key? (get order :items) article) (str "has no " article))
          [(Removed id article)]))
    ([:pay amount]
      (do (need (<= (+ (get order :paid) amount) (total order)) "pays too much")
          [(Paid id amount)]))
    ([:ship t]
      (do (need (= (get order :status) :open) "is not open")
          (need (= (get order :paid) (total order))
                (str "owes " (- (total order) (get order :paid))))
          [(Shipped id t)]))
    ([:cancel why]
      (do (need (!= (get order :status) :shipped) "is shipped")
          (if (= (get order :status) :cancelled) [] [(Cancelled id why)])))))

(define (handle id command)
  (try
    (let ((events (decide id (replay (store:load id)) command)))
      (store:append-all id events)
      (str id " ok " (length events)))
    (catch {:type "refused" :message why} (str id " " why))))

(define (with-store thunk)
  (let ((streams {}))
    (handler ((store:load (lambda (id) (get streams id [])))
              (store:append-all (lambda (id events)
                (set! streams (update streams id (lambda (old) (append (or old []) events))))
                nil))
              (return (x) [x streams]))
      (thunk))))

(define script
  [["o1" [:open 1]] ["o1" [:add "pen" 10 2]] ["o1" [:add "ink" 1 15]] ["o1" [:add "nib" 0 1]]
   ["o2" [:add "pen" 1 2]] ["o2" [:open 3]] ["o1" [:ship 4]] ["o1" [:pay 20]] ["o1" [:pay 20]]
   ["o1" [:remove "cap"]] ["o1" [:remove "ink"]] ["o1" [:ship 5]] ["o1" [:cancel "late"]]
   ["o2" [:cancel "changed mind"]] ["o2" [:cancel "again"]] ["o2" [:open 9]]])

(define result
  (with-store (lambda () (map (lambda (pair) (handle (head pair) (second pair))) script))))
(doseq (line (first result)) (print line))

(define streams (second result))
(doseq (id (keys streams))
  (print id (replay (get streams id))))

; Other views of the same events.
(define all-events (apply append (vals streams)))
(print (frequencies (map (lambda (e) (symbol->string (tagged-tag e))) all-events)))
(define (sold events)
  (fold (lambda (m e)
          (match e
            ((Added _ article n _) (set m article n))
            ((Removed _ article) (dissoc m article))
            (_ m)))
        {} events))
(print (sold all-events))

; The state at every moment, and the same after a snapshot in the middle.
(define history (get streams "o1"))
(print (map (lambda (o) [(get o :status) (total o)]) (scan apply-event empty-order history)))
(define snapshot (replay (take 3 history)))
(print (= (fold apply-event snapshot (drop 3 history)) (replay history)))
