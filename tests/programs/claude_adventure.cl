; A text adventure as a state machine: the world is data, a command is parsed and gives a new state.

(define world
  {:hall {:text "You are in a hall." :exits {:north :library :east :kitchen} :things [:lamp]}
   :library {:text "Books everywhere." :exits {:south :hall} :things [:book]}
   :kitchen {:text "It smells of soup." :exits {:west :hall :down :cellar} :things [:knife :bread]}
   :cellar {:text "A vault door." :exits {:up :kitchen} :things [] :dark true}})

(define start {:room :hall :bag [] :lit false :moves 0 :score 0 :over false
               :things (update-vals (lambda (r) (get r :things)) world)})

(data Command
  (Go Keyword) (Take Keyword) (Drop Keyword) (Use Keyword)
  (Look) (Bag) (Quit) (Unknown String))

(define directions #{"north" "south" "east" "west" "up" "down"})

(define (parse text)
  (match (remove string-empty? (string-split (string-downcase (string-trim text)) " "))
    ((or ["go" d] [d]) when (set-has? directions d) (Go (string->keyword d)))
    (["take" thing] (Take (string->keyword thing)))
    (["pick" "up" thing] (Take (string->keyword thing)))
    (["drop" thing] (Drop (string->keyword thing)))
    (["use" thing] (Use (string->keyword thing)))
    (["look"] Look)
    ((or ["bag"] ["inventory"]) Bag)
    ((or ["quit"] ["exit"]) Quit)
    (_ (Unknown text))))

(define (room-of s) (get world (get s :room)))
(define (things-here s) (get-in s [:things (get s :room)]))
(define (dark? s) (and (get (room-of s) :dark) (not (get s :lit))))

(define (describe s)
  (if (dark? s)
    "It is too dark to see."
    (let ((things (things-here s)))
      (str (get (room-of s) :text)
           (if (empty? things)
             ""
             (str " There is: " (string-join (map keyword->string things) ", ") "."))
           " Exits: "
           (string-join (map keyword->string (keys (get (room-of s) :exits))) ", ")
           "."))))

; Each command gives [state answer].
(define (act s command)
  (match command
    ((Go d)
      (match (get-in (room-of s) [:exits d])
        (nil [s "You cannot go there."])
        (room (let ((next (set s :room room))) [next (describe next)]))))
    ((Take thing) when (dark? s) [s "You grope about in the dark."])
    ((Take thing)
      (if (member? thing (things-here s))
        [(-> s
             (update :bag (lambda (b) (append b [thing])))
             (update :score (lambda (n) (+ n 5)))
             (update-in [:things (get s :room)] (lambda (ts) (remove (lambda (t) (= t thing)) ts))))
         (str "Taken: " (keyword->string thing) ".")]
        [s (str "There is no " (keyword->string thing) " here.")]))
    ((Drop thing)
      (if (member? thing (get s :bag))
        [(-> s
             (update :bag (lambda (b) (remove (lambda (t) (= t thing)) b)))
             (update-in [:things (get s :room)] (lambda (ts) (append ts [thing]))))
         "Dropped."]
        [s "You do not have that."]))
    ((Use thing) when (not (member? thing (get s :bag))) [s "You do not have that."])
    ((Use :lamp)
      (let ((next (update s :lit not)))
        [next (if (get next :lit) "The lamp burns." "Dark.")]))
    ((Use :bread) [(update s :bag (lambda (b) (remove (lambda (t) (= t :bread)) b))) "Tasty."])
    ((Use :knife) when (and (= (get s :room) :cellar) (get s :lit))
      [(-> s (set :over true) (update :score (lambda (n) (+ n 50)))) "The vault opens. You win!"])
    ((Use _) [s "Nothing happens."])
    (Look [s (describe s)])
    (Bag [s (if (empty? (get s :bag))
              "Your bag is empty."
              (str "You carry: " (string-join (map keyword->string (get s :bag)) ", ") "."))])
    (Quit [(set s :over true) "Goodbye."])
    ((Unknown text) [s (str "I do not understand `" text "`.")])))

(define (step s text)
  (let (([next answer] (act s (parse text))))
    (print ">" text)
    (print answer)
    (update next :moves inc)))

(define (play commands)
  (let ((end (fold (lambda (s text) (if (get s :over) s (step s text))) start commands)))
    (print "moves" (get end :moves) "score" (get end :score) "bag" (get end :bag))
    (print)))

(print (describe start))
(play ["look" "go north" "take book" "take lamp" "south" "take LAMP" "inventory" "dance wildly"
       "east" "take knife" "pick up bread" "use bread" "use bread" "down" "take gold" "use lamp"
       "look" "use knife" "look"])
(play ["west" "drop lamp" "bag" "  Take   lamp " "drop lamp" "look" "quit" "look"])
