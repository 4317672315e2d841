#pragma once

namespace interaction::testing {

// What the vendors answer when they have opened an interaction.
inline constexpr char kOk[] = R"({"InteractionId":"1"})";
inline constexpr char kOk42[] = R"({"InteractionId":"42"})";
inline constexpr char kWolkvoxOk[] = R"({"code":"201","error":null,"msg":"ok"})";

}  // namespace interaction::testing
