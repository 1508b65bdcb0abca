; A pool of workers on channels. The order in which they finish is not fixed, so results carry
; their number and are sorted before they are shown.

(define (worker jobs out work)
  (spawn
    (loop ((done 0))
      (match (receive! jobs)
        ({:ok false} done)
        ({:value [n x]}
          (do (send! out [n (try [:ok (work x)] (catch e [:failed (get e :message)]))])
              (recur (+ done 1))))))))

(define (run-pool count work xs)
  (let ((jobs (chan 2))
        (out (chan (length xs)))
        (workers (map (lambda (_) (worker jobs out work)) (range count))))
    (doseq (job (enumerate xs)) (send! jobs job))
    (close! jobs)
    (let ((total (sum (map (lambda (w) (await w)) workers))))
      (close! out)
      {:jobs total
       :results (map second (sort (loop ((acc []))
                  (match (receive! out)
                    ({:ok false} acc)
                    ({:value r} (recur (cons r acc)))))))})))

(define (slow-square x) (* x x))
(print (run-pool 3 slow-square [1 2 3 4 5 6 7]))
(print (run-pool 1 slow-square [3 2 1]))
(print (run-pool 4 slow-square []))
(print (run-pool 2 (lambda (x) (if (= x 0) (throw "zero") (/ 12 x))) [1 0 5 4]))

; Counting words of several texts: each text is a job, the maps are merged.
(define texts ["the cat sat" "the dog sat" "a cat and a dog" ""])
(define (count-words text)
  (frequencies (remove string-empty? (string-split text " "))))
(define counted (map second (get (run-pool 3 count-words texts) :results)))
(define merged (reduce (lambda (a b) (merge-with + a b)) {} counted))
(print (sort (entries merged)))

; A pipeline of stages, each in a task of its own, joined by unbuffered channels.
(define (stage f in)
  (let ((out (chan)))
    (spawn
      (loop ()
        (match (receive! in)
          ({:ok false} (close! out))
          ({:value x} (do (doseq (y (f x)) (send! out y)) (recur))))))
    out))
(define (source xs)
  (let ((out (chan)))
    (spawn (do (doseq (x xs) (send! out x)) (close! out)))
    out))
(define (drain ch)
  (loop ((acc []))
    (match (receive! ch)
      ({:ok false} (reverse acc))
      ({:value x} (recur (cons x acc))))))
(print (drain (stage (lambda (x) [x (- x)]) (stage (lambda (x) (if (odd? x) [(* x 10)] []))
                                                   (source (range 1 8))))))

; Sieve of Eratosthenes: a chain of filters that grows.
(define (primes n)
  (loop ((in (source (range 2 1000))) (found []))
    (if (= (length found) n)
      (reverse found)
      (let ((p (recv! in)))
        (recur (stage (lambda (x) (if (= 0 (mod x p)) [] [x])) in) (cons p found))))))
(print (primes 12))

; Fan-in: numbers from three sources, their sum does not depend on the order.
(define (merge-channels chs)
  (let ((out (chan)))
    (let ((tasks (map (lambda (ch) (spawn (loop ()
                         (match (receive! ch)
                           ({:ok false} nil)
                           ({:value x} (do (send! out x) (recur)))))))
                      chs)))
      (spawn (do (doseq (t tasks) (await t)) (close! out)))
      out)))
(print (sort (drain (merge-channels (map source [[1 2 3] [10 20] []])))))

; A semaphore keeps the number of tasks inside of a region low.
(define inside (ref 0))
(define most (ref 0))
(define gate (concurrent:semaphore 2))
(define (guarded)
  (concurrent:acquire gate)
  (let ((n (swap! inside inc)))
    (swap! most max n)
    (async:yield)
    (swap! inside dec)
    (concurrent:release gate)
    n))
(define tasks (map (lambda (_) (spawn (guarded))) (range 6)))
(doseq (t tasks) (await t))
(print @inside (<= @most 2))
