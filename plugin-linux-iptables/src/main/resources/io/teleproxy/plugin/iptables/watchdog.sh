# Undoes teleproxy's iptables rules when the daemon dies. Run as: sh -c SCRIPT NAME CONNTRACK IPSET SAVE RESTORE...
#
# Standard input is a pipe whose other end the daemon holds. The line "done" says that there is nothing
# left to undo. The end of the pipe without it means that the daemon is dead, however it died. Only
# what is found in the kernel counts: chains named TELEPROXY or TELEPROXY-*, the rules that lead into
# them, sets named teleproxy-*, and UDP flows that were diverted to this machine.

# What ends the daemon may end its whole group or session, not us.
trap '' HUP INT QUIT TERM
nl='
'
conntrack=$1 ipset=$2
shift 2

while read -r word; do
  [ "$word" != done ] || exit 0
done

# What of iptables-save's output concerns us. There may be thousands of other rules, of others' and
# in our chains, and a shell reads slowly.
ours() {
  "$1" | sed -n -e '/^\*/p' -e '/^COMMIT/p' -e '/^:TELEPROXY[- ]/p' -e '/^-A TELEPROXY[- ]/d' -e '/ -j TELEPROXY/p'
}

# From what iptables-save prints to what iptables-restore --noflush needs.
removal() {
  table= jumps= empty= delete=
  while IFS= read -r line; do
    case $line in
      '*'*) table=$line jumps= empty= delete= ;;
      ':TELEPROXY '* | ':TELEPROXY-'*)
        chain=${line#:}
        chain=${chain%% *}
        empty="$empty-F $chain$nl"
        delete="$delete-X $chain$nl"
        ;;
      '-A TELEPROXY '* | '-A TELEPROXY-'*) ;;
      '-A '*' -j TELEPROXY' | '-A '*' -j TELEPROXY-'*) jumps="$jumps-D ${line#-A }$nl" ;;
      COMMIT) [ -z "$jumps$delete" ] || printf '%s\n%s%s%sCOMMIT\n' "$table" "$jumps" "$empty" "$delete" ;;
    esac
  done
}

# What only we had made: lines "TABLE" and "TABLE CHAIN", from chains that mark it.
created() {
  while read -r line; do
    case $line in
      '*'*) table=${line#\*} ;;
      ':TELEPROXY-CREATED '*) echo "$table" ;;
      ':TELEPROXY-CREATED-'*)
        chain=${line#:TELEPROXY-CREATED-}
        echo "$table ${chain%% *}"
        ;;
    esac
  done
}

# What does not concern us.
others() {
  sed -e '/^:TELEPROXY[- ]/d' -e '/^-A TELEPROXY[- ]/d' -e '/ -j TELEPROXY/d'
}

# Whether somebody else has anything in a table: a chain of his own or a rule.
foreign() {
  table=
  while read -r line; do
    case $line in
      '*'*) table=${line#\*} ;;
      '#'* | COMMIT) ;;
      ':'*' - ['*) [ "$table" != "$1" ] || return 0 ;;
      ':'*' ACCEPT '*) ;;
      *) [ "$table" != "$1" ] || return 0 ;;
    esac
  done
  return 1
}

undo() {
  save=$1 restore=$2
  saved=$(ours "$save")
  created=$(printf '%s\n' "$saved" | created)
  # In one go, marks and all: who is killed between two steps leaves nothing of unknown origin.
  printf '%s\n' "$created" | while read -r table chain; do
    if [ -n "$table" ] && [ -z "$chain" ] && ! "$save" | others | foreign "$table"; then
      printf '*%s\nCOMMIT\n' "$table" | "$restore" -w 5
    fi
  done
  [ -z "$created" ] || saved=$(ours "$save")
  for attempt in 0.1 0.2 0.5 1 2; do
    script=$(printf '%s\n' "$saved" | removal)
    [ -n "$script" ] || break
    printf '%s\n' "$script" | "$restore" --noflush -w 5 || sleep $attempt
    saved=$(ours "$save")
  done
  [ -z "$script" ] || echo "teleproxy: ${save##*/}: the rules of a dead teleproxy cannot be removed; 'teleproxy cleanup' tries again" >&2
  printf '%s\n' "$created" | while read -r table chain; do
    if [ -z "$table" ]; then
      continue
    elif [ -n "$chain" ]; then
      # Refused if somebody uses it since.
      printf '*%s\n-X %s\nCOMMIT\n' "$table" "$chain" | "$restore" --noflush -w 5 2>/dev/null
    elif ! "$save" | foreign "$table"; then
      printf '*%s\nCOMMIT\n' "$table" | "$restore" -w 5
    fi
  done
}

# Families have nothing to do with each other.
while [ $# -ge 2 ]; do
  undo "$1" "$2" &
  shift 2
done
wait
if [ -n "$conntrack" ]; then
  # A program that keeps its socket would else send to a port of a dead process for as long as it sends.
  "$conntrack" -D -p udp -f ipv4 --dst-nat 127.0.0.1 >/dev/null 2>&1 &
  "$conntrack" -D -p udp -f ipv6 --dst-nat ::1 >/dev/null 2>&1 &
fi
if [ -n "$ipset" ]; then
  # Refused while a rule still names one.
  "$ipset" list -n | while read -r set; do
    case $set in
      teleproxy-*) "$ipset" destroy "$set" ;;
    esac
  done
fi
wait
echo "teleproxy: the daemon died; its firewall rules were removed" >&2
