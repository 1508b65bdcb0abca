; A cooperative scheduler written as a handler: fibers yield, sleep for ticks, and pass messages.

(define-effect Fiber
  (pause () Nil)
  (fork (Any) Nil)
  (put (String Any) Nil)
  (take (String) Any))

(define ready (ref (queue-new)))
(define boxes (ref {}))               ; name -> list of messages
(define waiting (ref {}))             ; name -> list of continuations
(define trace (ref []))

(define (note x) (swap! trace (lambda (xs) (append xs [x]))))
(define (later thunk) (swap! ready queue-enqueue thunk) nil)

(define (add-to cell name x)
  (swap! cell (lambda (m) (update m name (lambda (old) (append (or old []) [x]))))))
(define (take-first cell name)
  (match (get @cell name)
    ((or nil []) nil)
    ([x ...more] (do (swap! cell set name more) [x]))))

; Runs a fiber until it gives up control.
(define (run-fiber thunk)
  (handler ((control fiber:pause ()
              (let ((k resume)) (later (lambda () (k nil)))))
            (control fiber:fork (child)
              (let ((k resume))
                (later (lambda () (run-fiber child)))
                (k nil)))
            (control fiber:put (name x)
              (let ((k resume))
                (match (take-first waiting name)
                  ([taker] (later (lambda () (taker x))))
                  (_ (add-to boxes name x)))
                (k nil)))
            (control fiber:take (name)
              (let ((k resume))
                (match (take-first boxes name)
                  ([x] (k x))
                  (_ (do (add-to waiting name k) nil))))))
    (thunk)
    nil))

(define (run-all main)
  (later (lambda () (run-fiber main)))
  (loop ((turns 0))
    (if (queue-empty? @ready)
      turns
      (let (((tuple next more) (queue-dequeue @ready)))
        (reset! ready more)
        (next)
        (recur (+ turns 1))))))

(define (show title main)
  (reset! trace [])
  (reset! boxes {})
  (reset! waiting {})
  (let ((turns (run-all main)))
    (print title @trace "in" turns "turns")))

(define (steps name n)
  (dotimes (i n)
    (note (str name i))
    (fiber:pause)))

(show "one fiber" (lambda () (steps "a" 3)))
(show "two fibers"
  (lambda ()
    (fiber:fork (lambda () (steps "a" 3)))
    (fiber:fork (lambda () (steps "b" 2)))
    (note "main")))
(show "nested forks"
  (lambda ()
    (fiber:fork (lambda ()
      (note "child")
      (fiber:fork (lambda () (note "grandchild")))
      (fiber:pause)
      (note "child again")))
    (fiber:pause)
    (note "main")))
(show "messages"
  (lambda ()
    (fiber:fork (lambda ()
      (dotimes (_ 3) (note (str "got " (fiber:take "box"))))))
    (fiber:put "box" 1)
    (fiber:pause)
    (fiber:put "box" 2)
    (fiber:put "box" 3)))
(show "a reader that comes first"
  (lambda ()
    (fiber:fork (lambda () (note (fiber:take "x"))))
    (fiber:fork (lambda () (note "writer") (fiber:put "x" :late)))))
(show "nobody writes"
  (lambda ()
    (fiber:fork (lambda () (fiber:take "never") (note "impossible")))
    (note "main ends")))

; A pipeline of three fibers.
(show "pipeline"
  (lambda ()
    (fiber:fork (lambda () (doseq (x [1 2 3 :end]) (fiber:put "numbers" x))))
    (fiber:fork (lambda ()
      (loop ()
        (let ((x (fiber:take "numbers")))
          (cond ((= x :end) (fiber:put "squares" :end))
                (else (fiber:put "squares" (* x x)) (recur)))))))
    (fiber:fork (lambda ()
      (loop ((total 0))
        (match (fiber:take "squares")
          (:end (note [:total total]))
          (x (do (note x) (recur (+ total x))))))))))
