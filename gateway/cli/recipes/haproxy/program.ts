import { IDENTITY_FIELDS_IN_LOWER_CASE } from '../../../fields/identity.ts';
import { bodyOf } from '../own-answer.ts';
import type { RecipePlan } from '../plan.ts';
import { hostAndPort } from '../service.ts';

/** The program that asks. Whatever goes wrong is a 503, never a yes. */
export function haproxyProgram({ decisions }: RecipePlan): string {
  const dst = decisions.kind === 'socket' ? `unix@${decisions.path}` : `ipv4@${hostAndPort(decisions)}`;
  return `-- Asks Gatehouse about a request. Printed by "gatehouse recipe haproxy" for HAProxy 2.5 or later.

local GATEHOUSE = "${dst}"
local TIMEOUT = 30000 -- milliseconds: first passwords wait for their turn

-- What is of the connection or of the body, and what would make the answer depend on it.
local UNSENT = {}
for name in string.gmatch([[
  connection content-length expect host http2-settings if-match if-modified-since if-none-match if-range if-unmodified-since
  keep-alive proxy-connection range te trailer transfer-encoding upgrade
  x-forwarded-method x-forwarded-uri
]], "%S+") do UNSENT[name] = true end

local IDENTITY = { ${IDENTITY_FIELDS_IN_LOWER_CASE.map((name) => `"${name}"`).join(', ')} }

-- Lists of a field start at 0.
local function values(list)
  local found = {}
  for index = 0, #list do
    if list[index] ~= nil then found[#found + 1] = list[index] end
  end
  return found
end

local function refuse(txn, status, headers, body)
  txn:done(txn:reply { status = status, headers = headers, body = body })
end

local function out(txn, why)
  txn:Warning("Gatehouse gives no decision: " .. why)
  refuse(txn, 503, {
    ["content-type"] = { "application/json" }, ["retry-after"] = { "1" }, ["cache-control"] = { "no-store" },
  }, '${bodyOf('service_unavailable')}')
end

core.register_action("gatehouse", { "http-req" }, function(txn)
  local headers = {}
  for name, list in pairs(txn.http:req_get_headers()) do
    if not UNSENT[name] then headers[name] = values(list) end
  end
  headers["host"] = { txn:get_var("txn.gatehouse_host") or "" }
  headers["x-forwarded-method"] = { txn.sf:method() }
  headers["x-forwarded-uri"] = { txn.sf:pathq() }

  local asked, answer = pcall(function()
    return core.httpclient():get {
      url = "http://gatehouse" .. txn:get_var("txn.gatehouse_door"), dst = GATEHOUSE, headers = headers, timeout = TIMEOUT,
    }
  end)
  if not asked then return out(txn, tostring(answer)) end
  local fields = asked and answer and answer.headers or {}
  -- Whatever else answers, HAProxy itself for example, has no X-Request-Id.
  if answer == nil or fields["x-request-id"] == nil then return out(txn, "no answer") end

  if answer.status ~= 200 then
    local told = {}
    for name, list in pairs(fields) do
      if not UNSENT[name] then told[name] = values(list) end
    end
    return refuse(txn, answer.status, told, answer.body or "")
  end
  -- Another program at this address: its yes counts for nothing.
  if fields["x-user-id"] == nil then return out(txn, "a yes without X-User-Id") end
  for _, name in ipairs(IDENTITY) do
    local list = fields[name]
    if list ~= nil then txn.http:req_set_header(name, list[0] or "") end
  end
end, 0)
`;
}
