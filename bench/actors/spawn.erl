-module(spawn).
-export([main/0]).

rounds(100, Total) -> Total;
rounds(Round, Total) ->
    Main = self(),
    [spawn(fun() -> Main ! {result, I * Round} end) || I <- lists:seq(0, 19999)],
    Sum = lists:sum([receive {result, V} -> V end || _ <- lists:seq(1, 20000)]),
    rounds(Round + 1, Total + Sum).

main() -> io:format("~p~n", [rounds(0, 0)]), halt().
