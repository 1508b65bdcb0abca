-module(ring).
-export([main/0]).

start() -> receive {join, Next, Main} -> loop(Next, Main) end.

loop(Next, Main) ->
    receive
        {token, 0} -> Main ! done;
        {token, N} -> Next ! {token, N - 1}, loop(Next, Main)
    end.

main() ->
    Main = self(),
    [First | Rest] = Nodes = [spawn(fun start/0) || _ <- lists:seq(1, 1000)],
    lists:foreach(fun({A, B}) -> A ! {join, B, Main} end, lists:zip(Nodes, Rest ++ [First])),
    First ! {token, 10000000},
    receive done -> io:format("done~n") end,
    halt().
