#!/usr/bin/env bash
# A subscriber on Kafka's own console consumer, for where nothing but Java and Python is at hand.
#
#   subscriber_console.sh subscriber.ini
#
# CONSOLE_CONSUMER names the consumer if it is not in the PATH as kafka-console-consumer.sh.
# RESEND_WAIT_MS: the topic of resends is empty when nothing came for so long (60000); most of that
# is for Java, which takes long to start on a busy machine. Once something came, three seconds of
# silence are its end.
# The password reaches Java through a pipe: it is in no argument and in no file but its own.
set -euo pipefail

ini=${1:-subscriber.ini}
read -ra consumer <<<"${CONSOLE_CONSUMER:-kafka-console-consumer.sh}"
python=${PYTHON:-python3}
kept=("$python" "$(dirname "$0")/subscriber_console.py" "$ini")
read -r feed resends <<<"$("${kept[@]}" topics)"
mark=$(od -An -tx1 -N16 /dev/urandom | tr -d ' \n')
# What was sent again holds personal data: for this user only, in a place that is emptied at each
# start, so that nothing is left behind for long even after kill -9.
umask 077
resent=$ini.resent said=$ini.said
trap 'kill $(jobs -p) 2>/dev/null || true; rm -f "$resent" "$said"' EXIT
: >"$resent"

# consume TOPIC OFFSET [more options]: prints "Offset:<n>", the headers and the raw value.
consume() {
  exec "${consumer[@]}" --topic "$1" --partition 0 --offset "$2" "${@:3}" \
    --bootstrap-server "$(sed -n 's/^bootstrap *= *//p' "$ini")" \
    --command-config <("${kept[@]}" properties) --isolation-level read_committed \
    --formatter-property print.offset=true --formatter-property print.headers=true \
    --formatter-property "key.separator=<$mark>" --formatter-property "line.separator=[$mark]"
}

# follow: takes the feed until it ends, a number is missing, or somebody stops this.
follow() {
  exec 3< <(consume "$feed" "$("${kept[@]}" offset)")
  local reader=$! status=0
  "${kept[@]}" take "$mark" "$resent" <&3 || status=$?
  kill "$reader" 2>/dev/null || true
  exec 3<&-
  return "$status"
}

# look: reads the topic of resends into a file. A record cut off at its end is left out later.
look() {
  (consume "$resends" earliest --timeout-ms "${RESEND_WAIT_MS:-60000}") >"$resent" 2>/dev/null &
  local reader=$! before=0 now quiet=0
  while kill -0 "$reader" 2>/dev/null; do
    sleep 1
    now=$(wc -c <"$resent")
    quiet=$((now > 0 && now == before ? quiet + 1 : 0)) before=$now
    [ "$quiet" != 3 ] || kill "$reader" 2>/dev/null || true
  done
  wait "$reader" || true
}

looked=""
while status=0 && follow 2>"$said" || status=$?; do
  place=$("${kept[@]}" offset)
  # 3: a number is missing. Was it sent again? Look once for each place in the feed.
  [ "$status" = 3 ] && [ "$place" != "$looked" ] || break
  look
  looked=$place
done
cat "$said" >&2
exit "$status"
