; State, transactions and logging as handlers. The business code performs operations only.

(define-effect Db (fetch (String) Any) (store (String Any) Nil))
(define-effect Audit (note (String) Nil))
(define-effect Refuse (because (String) Never))

(define (move-money from to amount)
  (audit:note (format "{} -> {}: {}" from to amount))
  (let ((a (db:fetch from)) (b (db:fetch to)))
    (when (nil? a) (refuse:because (str "no account " from)))
    (when (nil? b) (refuse:because (str "no account " to)))
    (db:store from (- a amount))
    (when (< (- a amount) 0) (refuse:because (str from " has only " a)))
    (db:store to (+ b amount))
    (audit:note "done")
    amount))

; A store in memory. The whole handler gives [result store].
(define (with-db start thunk)
  (let ((data start))
    (handler ((db:fetch (lambda (k) (get data k)))
              (db:store (lambda (k v) (set! data (set data k v)) nil))
              (return (x) [x data]))
      (thunk))))

; Writes are kept aside and reach the store around only if the body ends normally.
(define (transaction thunk)
  (let ((pending {}))
    (handler ((refuse:because (lambda (why) {:refused why})))
      (let ((result
              (handler ((db:fetch (lambda (k)
                          (if (has-key? pending k) (get pending k) (db:fetch k))))
                        (db:store (lambda (k v) (set! pending (set pending k v)) nil)))
                (thunk))))
        (doseq (entry (entries pending)) (db:store (head entry) (second entry)))
        {:committed result}))))

(define (with-audit thunk)
  (let ((lines []))
    (handler ((audit:note (lambda (s) (set! lines (append lines [s])) nil))
              (return (x) [x lines]))
      (thunk))))

(define accounts {"ann" 100 "bob" 20})

(define (show title thunk)
  (print title)
  (let (([[result store] lines] (with-audit (lambda () (with-db accounts thunk)))))
    (print "  result" result)
    (print "  store" store)
    (doseq (line lines) (print "  |" line))))

(show "plain" (lambda () (move-money "ann" "bob" 30)))
(show "committed" (lambda () (transaction (lambda () (move-money "ann" "bob" 30)))))
(show "refused" (lambda () (transaction (lambda () (move-money "bob" "ann" 30)))))
(show "unknown" (lambda () (transaction (lambda () (move-money "ann" "eve" 1)))))
(show "two steps, one refused"
  (lambda ()
    [(transaction (lambda () (move-money "ann" "bob" 50)))
     (transaction (lambda () (move-money "ann" "bob" 60)))]))
(show "all or nothing"
  (lambda ()
    (transaction (lambda ()
      (move-money "ann" "bob" 90)
      (move-money "ann" "bob" 90)))))
(show "nested"
  (lambda ()
    (transaction (lambda ()
      (move-money "ann" "bob" 10)
      (transaction (lambda () (move-money "bob" "ann" 999)))
      (db:fetch "bob")))))

; The same code against the store that is built in.
(define (with-state thunk)
  (handler ((db:fetch state:get)
            (db:store (lambda (k v) (state:set k v) nil)))
    (thunk)))
(doseq (entry (entries accounts)) (state:set (head entry) (second entry)))
(print (first (with-audit (lambda () (with-state (lambda () (move-money "ann" "bob" 5)))))))
(print (state:get "ann") (state:get "bob"))
(print (handler ((refuse:because (lambda (why) why)))
  (first (with-audit (lambda () (with-state (lambda () (move-money "bob" "eve" 5))))))))
