; A bank of actors: each account is one, a teller moves money between them, a journal listens.

(define (account owner start)
  (actor {:owner owner :balance start :moves 0}
    (lambda (state message)
      (match message
        ({:reply to :message [:balance]}
          (do (send! to (get state :balance)) state))
        ({:reply to :message [:deposit n]}
          (let ((next (update state :balance (lambda (b) (+ b n)))))
            (send! to [:ok (get next :balance)])
            (update next :moves inc)))
        ({:reply to :message [:withdraw n]}
          (if (> n (get state :balance))
            (do (send! to [:refused (get state :balance)]) state)
            (let ((next (update state :balance (lambda (b) (- b n)))))
              (send! to [:ok (get next :balance)])
              (update next :moves inc))))
        ({:reply to :message [:report]}
          (do (send! to (format "{:owner} has {:balance} after {:moves} moves" state)) state))))))

(define (logbook)
  (actor []
    (lambda (lines message)
      (match message
        ([:note text] (append lines [text]))
        ({:reply to :message :lines} (do (send! to lines) lines))))))

(define journal (logbook))
(define (note . parts) (! journal [:note (apply str parts)]))

(define (transfer from to n)
  (match (ask from [:withdraw n])
    ([:refused left] (do (note "refused " n ", only " left) false))
    ([:ok _] (do (ask to [:deposit n]) (note "moved " n) true))))

(define ann (account "Ann" 100))
(define bob (account "Bob" 0))
(print (ask ann [:balance]) (ask bob [:balance]))
(print (transfer ann bob 30) (transfer ann bob 80) (transfer bob ann 5))
(print (ask ann [:report]))
(print (ask bob [:report]))
(print (ask journal :lines))

; Many tasks deposit at the same time; none is lost.
(define savings (account "Eve" 0))
(define tasks
  (map (lambda (i) (spawn (dotimes (_ 10) (ask savings [:deposit i])))) (range 1 6)))
(doseq (t tasks) (await t))
(print (ask savings [:balance]))
(print (ask savings [:report]))

; A round of transfers in a ring leaves every balance as it was.
(define ring (map (lambda (i) (account (str "ring" i) 10)) (range 4)))
(define total (lambda () (sum (map (lambda (a) (ask a [:balance])) ring))))
(print (total))
(dotimes (i 4)
  (transfer (nth ring i) (nth ring (mod (+ i 1) 4)) 10))
(print (map (lambda (a) (ask a [:balance])) ring) (total))

; An actor that counts until it is told to say so; its behaviour is data that it becomes.
(define (gate)
  (actor :closed
    (lambda (state message)
      (match [state message]
        ([:closed {:reply to :message :push}] (do (send! to "opens") (become :open) nil))
        ([:open {:reply to :message :push}] (do (send! to "closes") :closed))
        ([s {:reply to :message :state}] (do (send! to s) s))
        ([s _] s)))))
(define g (gate))
(print (ask g :push) (ask g :state) (ask g :push) (ask g :state))

; Messages of one sender keep their order.
(define seen (logbook))
(dotimes (i 6) (! seen [:note i]))
(print (ask seen :lines))
