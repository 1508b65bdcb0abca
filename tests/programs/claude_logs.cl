; Analysis of a log with regular expressions.

(define log
"2024-05-01 10:00:01 INFO  [web] GET /index.html 200 12ms
2024-05-01 10:00:02 INFO  [web] GET /about.html 200 8ms
2024-05-01 10:00:04 WARN  [db] slow query: 1500ms
2024-05-01 10:00:05 INFO  [web] POST /login 302 40ms
2024-05-01 10:01:00 ERROR [web] GET /missing 404 3ms
this line is broken
2024-05-01 10:01:07 INFO  [web] GET /index.html 200 9ms
2024-05-01 10:02:30 ERROR [db] connection lost: host=10.0.0.7 port=5432
2024-05-01 10:02:31 ERROR [web] GET /report 500 2100ms
2024-05-01 10:03:00 INFO  [db] connected: host=10.0.0.7 port=5432")

(define line-pattern
  (regex (str "(?<day>\\d{4}-\\d{2}-\\d{2}) (?<time>[\\d:]+) "
              "(?<level>[A-Z]+)\\s+\\[(?<part>\\w+)\\] (?<text>.*)")))
(define request-pattern
  (regex "(?<method>GET|POST) (?<path>\\S+) (?<status>\\d{3}) (?<ms>\\d+)ms"))

(define (read-line-of line)
  (match (regex-find line-pattern line)
    (nil {:broken line})
    ({:named named} named)))
(define records (map read-line-of (string-lines log)))
(define good (remove (lambda (r) (has-key? r :broken)) records))
(print (length good) "read," (count-if (lambda (r) (has-key? r :broken)) records) "broken")
(print (frequencies (map :level good)) (frequencies (map :part good)))

(define requests
  (filter-map
    (lambda (r)
      (match (regex-find request-pattern (get r :text))
        (nil nil)
        ({:named n} (-> n (update :status to-int) (update :ms to-int)))))
    good))
(doseq (r (take 2 requests)) (print (get r :method) (get r :path) (get r :status) (get r :ms)))
(define (class-of r) (str (quot (get r :status) 100) "xx"))
(print (frequencies (map class-of requests)))
(print "slowest" (get (max-by :ms requests) :path) "mean" (round (mean (map :ms requests))))
(print (sort (entries (update-vals length (group-by :path requests)))))

; Everything that looks like key=value, anywhere.
(print (map (lambda (m) (get m :match)) (regex-find-all (regex "\\w+=[\\w.]+") log)))
(print (map (lambda (m) (get m :groups))
            (regex-find-all (regex "(\\w+)=([\\w.]+)") (get (last good) :text))))

; Lines of errors, with the times between them in seconds.
(define (seconds-of time)
  (let (([h m s] (map to-int (regex-split (regex ":") time)))) (+ (* 3600 h) (* 60 m) s)))
(define errors (filter (lambda (r) (= (get r :level) "ERROR")) good))
(print (map (lambda (pair)
              (- (seconds-of (get (second pair) :time)) (seconds-of (get (first pair) :time))))
            (sliding-window 2 errors)))

; Hiding what is private.
(define (masked text)
  (-> (regex "\\d+\\.\\d+\\.\\d+\\.\\d+")
      (regex-replace text (lambda (m) (string-repeat "x" (string-length (get m :match)))))))
(print (masked "from 10.0.0.7 to 192.168.1.20"))
(print (regex-replace (regex "(\\w+)@(\\w+)\\.org") "mail ann@home.org, bob@work.org" "$1 at ${2}"))

; Small checks.
(define checks
  {"integer" "[+-]?\\d+" "name" "[a-z_]\\w*" "time" "([01]\\d|2[0-3]):[0-5]\\d" "blank" "\\s*"})
(doseq (text ["42" "-7" "abc_1" "23:59" "24:00" "" "  "])
  (print (pr-str text)
         (filter (lambda (name) (regex-match? (regex (get checks name)) text)) (keys checks))))
(print (regex-split (regex "\\s*[,;]\\s*") "a, b ;c,d"))
(print (get (regex-find (regex "INFO" "i") "an info line") :start)
       (length (regex-find-all (regex "^2024" "m") log))
       (length (regex-find-all (regex "^2024") log)))
