-module(pingpong).
-export([main/0]).

pong() -> receive {From, N} -> From ! N, pong() end.

ping(Pong, 0, Main) -> Pong ! {self(), 0}, receive 0 -> Main ! done end;
ping(Pong, N, Main) -> Pong ! {self(), N}, receive N -> ping(Pong, N - 1, Main) end.

pair(Main) -> Pong = spawn(fun pong/0), spawn(fun() -> ping(Pong, 250000, Main) end).

main() ->
    Main = self(),
    Pairs = [pair(Main) || _ <- lists:seq(1, 16)],
    [receive done -> ok end || _ <- Pairs],
    io:format("~p~n", [length(Pairs)]),
    halt().
