; A cache that forgets what was used longest ago, in two ways: as a pure value, and behind a cell.

; Maps keep the order of insertion, so the first key is the oldest if each use inserts anew.
(data Cache (Cache (limit : Int) (table : Any) (hits : Int) (misses : Int)))

(define (make-cache limit) (Cache limit {} 0 0))

(define (touch table key value) (set (dissoc table key) key value))
(define (trim limit table)
  (if (> (size table) limit) (trim limit (dissoc table (head (keys table)))) table))

(define (put cache key value)
  (match cache
    ((Cache limit table h m) (Cache limit (trim limit (touch table key value)) h m))))

; Gives (tuple value cache); the value is nil if the key is not there.
(define (look cache key)
  (match cache
    ((Cache limit table h m)
      (if (has-key? table key)
        (let ((v (get table key))) (tuple v (Cache limit (touch table key v) (+ h 1) m)))
        (tuple nil (Cache limit table h (+ m 1)))))))

(define (show cache) (print (keys (Cache-table cache)) "hits" (Cache-hits cache)
                            "misses" (Cache-misses cache)))

(define (run cache . steps)
  (fold
    (lambda (c step)
      (match step
        ([:put k v] (put c k v))
        ([:get k] (let (((tuple v next) (look c k))) (print "get" k "=>" v) next))
        (:show (do (show c) c))))
    cache steps))

(run (make-cache 2)
  [:put "a" 1] [:put "b" 2] :show
  [:get "a"] :show
  [:put "c" 3] :show
  [:get "b"] [:get "a"] [:get "c"] :show
  [:put "a" 10] [:get "a"] [:put "d" 4] :show)

(run (make-cache 1) [:put 1 "x"] [:put 2 "y"] [:get 1] [:get 2] [:put 2 "z"] [:get 2] :show)
(run (make-cache 0) [:put 1 "x"] [:get 1] :show)

; Behind a cell, in front of a slow procedure.
(define (cached limit f)
  (let ((cell (ref (make-cache limit))))
    {:call (lambda (key)
             (let (((tuple v next) (look @cell key)))
               (ref-set! cell next)
               (or v
                   (let ((made (f key)))
                     (swap! cell put key made)
                     made))))
     :stats (lambda () [(Cache-hits @cell) (Cache-misses @cell)])}))

(define calls (ref 0))
(define squares (cached 3 (lambda (n) (swap! calls inc) (* n n))))
(define square (get squares :call))
(print (map square [2 3 2 4 2 5 3 2]) "calls" @calls "stats" ((get squares :stats)))

; Recursion through a cache of one's own.
(define fib-calls (ref 0))
(define fib-table (ref {}))
(define (fib n)
  (swap! fib-calls inc)
  (if (< n 2)
    n
    (or (get @fib-table n)
        (let ((v (+ (fib (- n 1)) (fib (- n 2)))))
          (swap! fib-table set n v)
          v))))
(print (fib 80) "calls" @fib-calls)

; Old versions of the pure cache stay as they are.
(define one (put (make-cache 2) :a 1))
(define two (put (put one :b 2) :c 3))
(show one)
(show two)
