// All handlers, by resource. The table in routes.cpp says what each of them answers.
#pragma once

#include "api/call.hpp"

namespace syncline::api {

// sync_handlers.cpp
HandlerResult sync_register(Services& services, Call& call);
HandlerResult sync_push(Services& services, Call& call);
HandlerResult sync_pull(Services& services, Call& call);
HandlerResult sync_heartbeat(Services& services, Call& call);
HandlerResult sync_exchange(Services& services, Call& call);
HandlerResult sync_snapshot(Services& services, Call& call);
HandlerResult sync_upload(Services& services, Call& call);

// live_handler.cpp
HandlerResult sync_live(Services& services, Call& call);

// change_handlers.cpp
HandlerResult list_changes(Services& services, Call& call);

// row_handlers.cpp
HandlerResult get_row(Services& services, Call& call);
HandlerResult list_rows(Services& services, Call& call);
HandlerResult list_history(Services& services, Call& call);

// write_handlers.cpp
HandlerResult put_row(Services& services, Call& call);
HandlerResult delete_row(Services& services, Call& call);

// transaction_handlers.cpp
HandlerResult post_transaction(Services& services, Call& call);

// conflict_handlers.cpp
HandlerResult list_conflicts(Services& services, Call& call);
HandlerResult get_conflict(Services& services, Call& call);
HandlerResult conflict_stats(Services& services, Call& call);

// resolve_handlers.cpp
HandlerResult resolve_conflict(Services& services, Call& call);

// tenant_handlers.cpp
HandlerResult list_tenants(Services& services, Call& call);
HandlerResult create_tenant(Services& services, Call& call);
HandlerResult get_tenant(Services& services, Call& call);
HandlerResult change_tenant(Services& services, Call& call);
HandlerResult delete_tenant(Services& services, Call& call);

/// A retention as it is shown: null keeps everything.
nlohmann::json retention_to_body(const Retention& retention);

// operation_handlers.cpp
HandlerResult list_plans(Services& services, Call& call);
HandlerResult tenant_usage(Services& services, Call& call);
HandlerResult health(Services& services, Call& call);
HandlerResult readiness(Services& services, Call& call);

// peer_handlers.cpp
HandlerResult list_peers(Services& services, Call& call);
HandlerResult get_peer(Services& services, Call& call);
HandlerResult forget_peer(Services& services, Call& call);

// log_handlers.cpp
HandlerResult log_state(Services& services, Call& call);
HandlerResult trim_log(Services& services, Call& call);

// consumer_handlers.cpp
HandlerResult list_consumers(Services& services, Call& call);
HandlerResult forget_consumer(Services& services, Call& call);

/// A named consumer as it is shown.
nlohmann::json consumer_to_body(const Consumer& consumer, const Tenant& tenant,
                                std::uint64_t now_us);
/// Notes that consumer `name` asks for what comes after `lsn`; unless it `stated` that place itself
/// it goes on where it was. The place from which it does. Errors: those of `Consumers::note`;
/// `log_reset` and `cursor_trimmed` if its place is gone.
Result<Lsn> note_consumer(Services& services, const std::shared_ptr<Tenant>& tenant,
                          const std::string& name, const LogReader& log, Lsn lsn, bool stated);

}  // namespace syncline::api
