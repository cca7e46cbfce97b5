-- wrk: the tool calls of a file, one JSON-RPC message a line, in turn, for some seconds; then no more,
-- and whatever is under way is waited for. Every answer is looked at.
--
--	wrk -t1 -c64 -d5s -s calls.lua URL -- FILE SECONDS FIRST
--
-- Ten @ in a line become a number that counts up from FIRST, so that every text is new.
-- Prints one line of JSON, once all is answered; wrk's own duration (-d) is how long that may take.
local ffi = require("ffi")
ffi.cdef([[
	struct stamp { long s, ns; };
	int clock_gettime(int clock, struct stamp *now);
	int getpid(void);
	int kill(int pid, int signal);
]])

local stamp = ffi.new("struct stamp")
local calls = {} -- pairs of what stands before and after the number
local MARK = "@@@@@@@@@@"
local OUTCOME = '"structuredContent"' -- only a call that succeeded has it
local BUSY = "The server is busy"

local function now()
	ffi.C.clock_gettime(1, stamp) -- CLOCK_MONOTONIC
	return tonumber(stamp.s) + tonumber(stamp.ns) * 1e-9
end

local function read(path)
	local head = "POST " .. wrk.path .. " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port ..
		"\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: "
	for line in io.lines(path) do
		local at, last = line:find(MARK, 1, true)
		local before, after = line:sub(1, (at or #line + 1) - 1), line:sub((last or #line) + 1)
		calls[#calls + 1] = { head .. #line .. "\r\n\r\n" .. before, after, at ~= nil }
	end
end

function init(args)
	read(args[1])
	seconds, number = tonumber(args[2]), tonumber(args[3])
	sent, ok, busy, failed, took, failure = -1, 0, 0, 0, -1, "" -- wrk asks for one request that it does not send
end

function request()
	if sent <= 0 then
		began = now()
	elseif now() - began > seconds then
		return "" -- nothing goes out, so nothing comes back: this connection rests
	end
	sent = sent + 1
	number = number + 1
	local call = calls[number % #calls + 1]
	return call[1] .. (call[3] and string.format("%010d", number) or "") .. call[2]
end

function response(status, headers, body)
	if status == 200 and body:find(OUTCOME, 1, true) then
		ok = ok + 1
	elseif body:find(BUSY, 1, true) then
		busy = busy + 1
	else
		failed = failed + 1
		failure = (status .. " " .. body:sub(1, 300)):gsub('[%c"\\]', "'")
	end
	if ok + busy + failed == sent and now() - began > seconds then
		took = now() - began
		ffi.C.kill(ffi.C.getpid(), 2) -- SIGINT ends wrk as its duration would
	end
end

local thread

function setup(one)
	thread = one
end

function done(summary, latency, requests)
	local errors = summary.errors
	local lost = errors.connect + errors.read + errors.write + errors.timeout
	print(string.format('{"sent":%d,"ok":%d,"busy":%d,"failed":%d,"lost":%d,"took_s":%.6f,' ..
		'"p50_us":%d,"p99_us":%d,"max_us":%d,"failure":"%s"}', thread:get("sent"), thread:get("ok"),
		thread:get("busy"), thread:get("failed"), lost, thread:get("took"),
		latency:percentile(50), latency:percentile(99), latency.max, thread:get("failure")))
end
