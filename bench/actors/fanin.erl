-module(fanin).
-export([main/0]).

sink(0, Sum, Main) -> Main ! {sum, Sum};
sink(Left, Sum, Main) -> receive {put, K} -> sink(Left - 1, Sum + K, Main) end.

send(_, 500000) -> ok;
send(Sink, I) -> Sink ! {put, I}, send(Sink, I + 1).

main() ->
    Main = self(),
    Sink = spawn(fun() -> sink(16 * 500000, 0, Main) end),
    [spawn(fun() -> send(Sink, 0) end) || _ <- lists:seq(1, 16)],
    receive {sum, Sum} -> io:format("~p~n", [Sum]) end,
    halt().
