; Exceptions as handlers: conditions that a caller may answer, restarts, retries, and what is left
; of resources when control leaves a body.

(define-effect Problem (bad-record (String) Any))     ; may be answered with a value to use instead
(define-effect Give (up (String) Never))

(define open-resources (ref []))
(define (with-resource name thunk)
  (swap! open-resources (lambda (xs) (cons name xs)))
  (try (thunk name)
    (finally (swap! open-resources (lambda (xs) (remove (lambda (x) (= x name)) xs))))))

(define (parse-record line)
  (match (string-split line ":")
    ([name count] {:name (string-trim name) :count (try (to-int (string-trim count))
                                                       (catch "parse" (problem:bad-record line)))})
    (_ (problem:bad-record line))))

(define (total-of lines)
  (with-resource "records"
    (lambda (_)
      (fold (lambda (acc line)
              (match (parse-record line)
                (nil acc)
                ({:count nil} acc)
                ({:count n} (+ acc n))))
            0 lines))))

(define lines ["apples: 3" "pears: 4" "plums" "nuts: many" "figs: 5"])

; Policy 1: skip what is bad. Policy 2: take zero. Policy 3: stop at once. Policy 4: collect.
(define (skipping thunk) (handler ((problem:bad-record (lambda (line) nil))) (thunk)))
(define (stopping thunk)
  (handler ((problem:bad-record (lambda (line) (give:up (str "bad record: " line))))
            (return (x) [:ok x]))
    (thunk)))
(define (stop-to-value thunk) (handler ((give:up (lambda (why) [:stopped why]))) (thunk)))
(define (collecting thunk)
  (let ((bad []))
    (handler ((control problem:bad-record (line)
                (set! bad (append bad [line]))
                (resume nil))
              (return (x) {:total x :bad bad}))
      (thunk))))

(print (skipping (lambda () (total-of lines))))
(print (stop-to-value (lambda () (stopping (lambda () (total-of lines))))) @open-resources)
(print (stop-to-value (lambda () (stopping (lambda () (total-of (take 2 lines)))))))
(print (collecting (lambda () (total-of lines))))

; Restarts: the handler answers with a procedure that the place of the fault applies.
(define-effect Choice (of-restart (String) Any))
(define (read-setting name settings)
  (match (get settings name)
    (nil ((choice:of-restart name) settings))
    (value value)))
(define (use-value v) (lambda (settings) v))
(define (use-other name) (lambda (settings) (read-setting name settings)))
(define settings {"port" 80 "host" "local"})
(print (handler ((choice:of-restart (lambda (name) (use-value (str "no " name)))))
  [(read-setting "port" settings) (read-setting "user" settings)]))
(print (handler ((choice:of-restart (lambda (name) (use-other "host"))))
  [(read-setting "server" settings) (read-setting "host" settings)]))

; Retrying a body.
(define (retry times thunk)
  (loop ((n 1))
    (let ((result (try [:ok (thunk n)] (catch e [:failed e]))))
      (match result
        ([:ok v] {:attempts n :value v})
        ([:failed e] when (= n times) {:attempts n :error (get e :message)})
        (_ (recur (+ n 1)))))))
(print (retry 3 (lambda (n) (if (< n 3) (throw (str "attempt " n)) "done"))))
(print (retry 2 (lambda (n) (throw (str "attempt " n)))))

; Layers: an error is wrapped with what was being done, and keeps its cause.
(define (while-doing what thunk)
  (try (thunk)
    (catch e (raise {:type "context" :message (str "while " what) :data (get e :type) :cause e}))))
(define (causes e) (if (nil? e) [] (cons (get e :message) (causes (get e :cause)))))
(define wrapped
  (try (while-doing "reading settings"
         (lambda () (while-doing "parsing a number" (lambda () (to-int "eighty")))))
    (catch e e)))
(print (get wrapped :type) (get wrapped :data) (length (causes wrapped)))
(print (take 2 (causes wrapped)))

; The order of cleaning up.
(define (nested names thunk)
  (if (empty? names)
    (thunk)
    (try (nested (tail names) thunk) (finally (print "close" (head names))))))
(print (try (nested ["a" "b" "c"] (lambda () (throw "inside"))) (catch e (get e :message))))
(print (stop-to-value (lambda () (nested ["x" "y"] (lambda () (give:up "gave up"))))))
(print @open-resources)
