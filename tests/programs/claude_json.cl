; Reading, transforming and writing JSON.

(define text
  "{\"orders\": [
     {\"id\": 1, \"customer\": {\"name\": \"Ann\", \"city\": \"Ulm\"},
      \"items\": [{\"sku\": \"A\", \"n\": 2, \"price\": 3.25}, 
                {\"sku\": \"B\", \"n\": 1, \"price\": 10}]},
     {\"id\": 2, \"customer\": {\"name\": \"Bob\", \"city\": \"Bonn\"}, \"items\": []},
     {\"id\": 3, \"customer\": {\"name\": \"Eve\", \"city\": \"Ulm\"},
      \"items\": [{\"sku\": \"A\", \"n\": 3, \"price\": 3.25}], \"note\": null}
   ], \"version\": 2}")

(define doc (json-parse text))
(define orders (get doc :orders))
(print (get doc "version") (length orders) (get-in doc [:orders 0 :customer :name]))
(print (keys (third orders)) (has-key? (third orders) :note) (get (third orders) :note))

(define (total-of order)
  (sum (map (lambda (i) (* (get i :n) (get i :price))) (get order :items))))

(define (summary order)
  {:id (get order :id)
   :who (get-in order [:customer :name])
   :total (total-of order)})
(define summaries (map summary orders))
(print (json-stringify summaries))
(print (json-stringify (first summaries) {:indent 2}))

; A path language: a key, a number, or `*` for every element.
(define (select-path x path)
  (match path
    ([] [x])
    (["*" ...more]
      (flat-map (lambda (y) (select-path y more)) (if (map? x) (vals x) (if (list? x) x []))))
    ([k ...more]
      (let ((y (get x k)))
        (if (nil? y) [] (select-path y more))))))
(print (select-path doc ["orders" "*" "customer" "city"]))
(print (select-path doc ["orders" "*" "items" "*" "sku"]))
(print (select-path doc ["orders" 1 "customer" "*"]))
(print (select-path doc ["nothing" "*"]))

; A rewrite of every value, from the leaves up.
(define (walk f x)
  (f (match x
       ((when m (map? m)) (update-vals (lambda (v) (walk f v)) m))
       ((when xs (list? xs)) (map (lambda (v) (walk f v)) xs))
       (_ x))))
(define (without-nil x)
  (if (map? x)
    (fold (lambda (m k) (if (nil? (get m k)) (dissoc m k) m)) x (keys x))
    x))
(print (json-stringify (walk without-nil {:a nil :b [{:c nil :d 1}] :e "x"})))
(print (json-stringify (walk (lambda (x) (if (string? x) (string-upcase x) x)) (second orders))))
(print (json-stringify (walk (lambda (x) (if (int? x) (* 10 x) x)) [1 [2 {:n 3}] "4" 5.5])))

; Differences between two documents, as a list of paths.
(define (differences a b path)
  (cond ((= a b) [])
        ((and (map? a) (map? b))
         (flat-map
           (lambda (k)
             (cond ((not (has-key? a k)) [[:added (append path [k]) (get b k)]])
                   ((not (has-key? b k)) [[:removed (append path [k]) (get a k)]])
                   (else (differences (get a k) (get b k) (append path [k])))))
           (unique (append (keys a) (keys b)))))
        (else [[:changed path [a b]]])))
(define before (first orders))
(define after
  (-> before
      (assoc-in ["customer" "city"] "Köln")
      (dissoc "items")
      (assoc "paid" true)))
(doseq (change (differences before after [])) (print change))
(print (differences before before []))

; Escapes and numbers survive the way there and back.
(define odd
  {"quote" "a\"b" "slash" "c\\d" "line" "e\nf" "wide" "é😀" "big" 12345678901234567890 "f" 0.5})
(print (json-stringify odd))
(print (= odd (json-parse (json-stringify odd))))
(print (= doc (json-parse (json-stringify doc {:indent 4}))))

(data Shape (Dot) (Circle Int))
(print (json-stringify [(Circle 2) Dot]))
(doseq (bad ["{" "[1,]" "{\"a\" 1}" "nope" ""])
  (print (pr-str bad) (try (json-parse bad) (catch "parse" "is no JSON"))))
(print (get-in (try (json-parse "[1,\n  x]") (catch e e)) [:data :line]))
