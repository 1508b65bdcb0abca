; A report on dates: months, weekdays, working days, ages, a calendar.

(define (date y m d) (datetime:create y m d))
(define (iso d) (datetime:format d "%Y-%m-%d"))
(define (next-day d) (datetime:add-days d 1))

(define names ["Mon" "Tue" "Wed" "Thu" "Fri" "Sat" "Sun"])
(define (weekday-name d) (nth names (datetime:weekday d)))

(doseq (d [(date 2024 2 28) (date 2023 12 31) (date 2000 1 1) (date 1969 7 20)])
  (print (iso d) (weekday-name d) "then" (iso (next-day d))))

(define (leap? y) (= 29 (datetime:day (datetime:add-days (date y 3 1) -1))))
(print (filter leap? [1900 1999 2000 2023 2024 2100]))

(define (days-in-month y m)
  (let ((start (date y m 1))) (datetime:diff-days (datetime:add-months start 1) start)))
(print (map (lambda (m) (abs (days-in-month 2023 m))) (range 1 13)))

; All days from one date up to another, the end left out.
(define (days-between from to)
  (loop ((d from) (acc []))
    (if (datetime:before? d to) (recur (next-day d) (cons d acc)) (reverse acc))))

(define holidays (set-from-list ["2024-05-01" "2024-05-09" "2024-05-20" "2024-05-30"]))
(define (working? d)
  (and (< (datetime:weekday d) 5) (not (set-has? holidays (iso d)))))
(define may (days-between (date 2024 5 1) (date 2024 6 1)))
(print (length may) "days," (count-if working? may) "of them working days")
(print (map datetime:day (filter (lambda (d) (= (weekday-name d) "Fri")) may)))

(define (add-working-days d n)
  (if (= n 0)
    d
    (let ((next (next-day d))) (add-working-days next (if (working? next) (- n 1) n)))))
(print (iso (add-working-days (date 2024 4 30) 5)) (iso (add-working-days (date 2024 5 17) 1)))

; Ages in whole years.
(define (age born on)
  (let ((years (- (datetime:year on) (datetime:year born))))
    (if (datetime:before? on (datetime:add-months born (* 12 years))) (- years 1) years)))
(define today (date 2024 5 15))
(print (map (lambda (b) (age b today))
            [(date 1990 5 15) (date 1990 5 16) (date 2000 1 1) (date 2024 5 14)]))

; A calendar of a month.
(define (calendar y m)
  (let ((start (date y m 1))
        (blank (repeat "  " (datetime:weekday start)))
        (numbers (map (lambda (d) (string-pad-left (to-string (datetime:day d)) 2))
                      (days-between start (datetime:add-months start 1)))))
    (cons "Mo Tu We Th Fr Sa Su"
          (map (lambda (week) (string-trim-end (string-join week " ")))
               (chunk 7 (append blank numbers))))))
(doseq (line (calendar 2024 2)) (print line))

; Appointments: read, sort, find what overlaps.
(define entries-text
  ["2024-05-15 09:00 90 planning" "2024-05-14 16:30 60 call" "2024-05-15 10:00 30 review"
   "2024-05-15 11:00 45 lunch"])
(define (read-entry line)
  (let (([day time minutes what] (string-split line " "))
        (start (datetime:parse (str day " " time) "%Y-%m-%d %H:%M")))
    {:what what :start start :end (datetime:add-minutes start (to-int minutes))}))
(define appointments (sort-by (lambda (a) (datetime:iso-format (get a :start)))
                              (map read-entry entries-text)))
(doseq (a appointments)
  (print (datetime:format (get a :start) "%d.%m. %H:%M") "to"
         (datetime:format (get a :end) "%H:%M") (get a :what)))
(define (overlap? a b)
  (and (datetime:before? (get a :start) (get b :end))
       (datetime:before? (get b :start) (get a :end))))
(print (filter-map
         (lambda (pair)
           (let (([a b] pair)) (if (overlap? a b) [(get a :what) (get b :what)] nil)))
         (sliding-window 2 appointments)))

; Every last Friday of the next months.
(define (last-friday y m)
  (find (lambda (d) (= 4 (datetime:weekday d)))
        (reverse (days-between (date y m 1) (datetime:add-months (date y m 1) 1)))))
(print (map (lambda (m) (iso (last-friday 2024 m))) (range 1 7)))
(print (iso (datetime:add-months (date 2023 12 10) 3))
       (iso (datetime:add-months (date 2024 1 5) -2)))
