-- Asks Doorward before Apache passes a request on (mod_lua, LuaHookAccessChecker). Whatever goes wrong: 503, no pass.
local BROKER = "http://127.0.0.1:8080/authz/apache"
local BROKER_HOST = "doorward.example.org"
local CREDENTIAL = "Bearer dwp_secret"
local SITE_HOST, SITE_PROTO = "wiki.example.org", "https"

local http = require "socket.http"
http.TIMEOUT = 5

-- What of the client's request is shown to the broker. It refuses what plays the proxy.
local SHOWN = {
    "Accept", "Authorization", "Cookie", "Sec-Fetch-Mode",
    "DoorwardSubject", "DoorwardLogin", "DoorwardDecision", "DoorwardReason", "DoorwardLocation",
}
-- It refuses a second method too. Shown under its own name, however it is spelt: a WSGI or CGI application cannot tell `_` from `-`.
local METHODS = { "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override" }
local IDENTITY = { "DoorwardSubject", "DoorwardLogin", "DoorwardDecision" }

-- Calls *each* with every spelling of *name* that has `_` in place of some `-`.
local function spellings(name, each, from)
    local at = name:find("-", from or 1, true)
    if not at then
        return each(name)
    end
    spellings(name, each, at + 1)
    spellings(name:sub(1, at - 1) .. "_" .. name:sub(at + 1), each, at + 1)
end

function ask(r)
    -- The same spelling of the path as ProxyPass sees: decoded, and without dots.
    if r.uri:sub(1, 11) == "/.doorward/" then
        return apache2.DECLINED
    end
    -- Apache drops what a client's Connection header names, before it passes the request on.
    if (r.headers_in["Connection"] or ""):lower():find("doorward", 1, true) then
        return 403
    end
    local headers = {
        ["Host"] = BROKER_HOST,
        ["DoorwardCredential"] = CREDENTIAL,
        ["DoorwardMethod"] = r.method,
        ["DoorwardUri"] = r.unparsed_uri,
        ["DoorwardHost"] = SITE_HOST,
        ["DoorwardProto"] = SITE_PROTO,
    }
    for _, name in ipairs(SHOWN) do
        headers[name] = r.headers_in[name]
    end
    for _, name in ipairs(METHODS) do
        spellings(name, function(spelt)
            headers[name] = headers[name] or r.headers_in[spelt]
        end)
    end
    local sent, status, told = http.request { url = BROKER, method = "GET", headers = headers, redirect = false }
    if not sent then
        return 503
    end
    if status == 200 and told["doorwardsubject"] then
        for _, name in ipairs(IDENTITY) do
            r.headers_in[name] = told[name:lower()]
        end
        return apache2.OK
    end
    if (status == 401 or status == 403) and told["doorwardlocation"] then
        r.err_headers_out["Location"] = told["doorwardlocation"]
        return 303
    end
    if status == 401 or status == 403 then
        r.err_headers_out["DoorwardReason"] = told["doorwardreason"]
        r.err_headers_out["WWW-Authenticate"] = told["www-authenticate"]
        return status
    end
    return 503
end
