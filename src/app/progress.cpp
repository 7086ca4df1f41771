#include "app/progress.hpp"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>

#include "app/table.hpp"
#include "app/text_width.hpp"

namespace syncline::app {
namespace {

constexpr std::size_t bar_width = 24;
constexpr std::chrono::milliseconds redraw_interval{100};

}  // namespace

std::string progress_line(std::string_view label, std::uint64_t done, std::uint64_t total,
                          std::string_view unit, double seconds, std::size_t width) {
  std::string line(label);
  if (total > 0) {
    const std::uint64_t shown = std::min(done, total);
    const double part = static_cast<double>(shown) / static_cast<double>(total);
    const auto filled = static_cast<std::size_t>(part * static_cast<double>(bar_width));
    line += fmt::format(" [{}{}] {:3.0f} %", std::string(filled, '#'),
                        std::string(bar_width - filled, '.'), part * 100);
    line += fmt::format("  {} of {} {}", grouped(shown), grouped(total), unit);
  } else {
    line += fmt::format("  {} {}", grouped(done), unit);
  }
  if (seconds > 0) {
    line += fmt::format("  {}/s",
                        grouped(static_cast<std::uint64_t>(static_cast<double>(done) / seconds)));
  }
  return width == 0 ? line : cut_to_width(line, width);
}

Progress::Progress(std::ostream& out, const Terminal& terminal, std::string label, std::string unit,
                   std::uint64_t total, Now now)
    : out_(out),
      terminal_(terminal),
      label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      now_(now),
      started_(now()) {}

Progress::~Progress() { clear(); }

void Progress::update(std::uint64_t done) {
  if (!terminal_.interactive) return;
  const auto now = now_();
  if (visible_ && now - drawn_ < redraw_interval) return;
  drawn_ = now;
  visible_ = true;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  // The last column stays free: writing to it would wrap the line on some terminals.
  const std::size_t width = terminal_.width > 1 ? terminal_.width - 1 : terminal_.width;
  out_ << "\r\x1b[K" << progress_line(label_, done, total_, unit_, seconds, width) << std::flush;
}

void Progress::clear() {
  if (!visible_) return;
  out_ << "\r\x1b[K" << std::flush;
  visible_ = false;
}

}  // namespace syncline::app
