-- Asks Doorward before Apache passes a request on (mod_lua, LuaHookAccessChecker). Whatever goes wrong: 503, no pass.
local BROKER = "http://127.0.0.1:8080/authz/apache"
local BROKER_HOST = "doorward.example.org"
local CREDENTIAL = "Bearer dwp_secret"
local SITE_HOST, SITE_PROTO = "wiki.example.org", "https"

local http = require "socket.http"
http.TIMEOUT = 5

-- What of the client's request is shown to the broker. It refuses what plays the proxy, or names a second method.
local SHOWN = {
    "Accept", "Authorization", "Cookie", "Sec-Fetch-Mode", "X-HTTP-Method-Override", "X-HTTP-Method",
    "X-Method-Override", "DoorwardSubject", "DoorwardLogin", "DoorwardDecision", "DoorwardReason", "DoorwardLocation",
}
local IDENTITY = { "DoorwardSubject", "DoorwardLogin", "DoorwardDecision" }

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
