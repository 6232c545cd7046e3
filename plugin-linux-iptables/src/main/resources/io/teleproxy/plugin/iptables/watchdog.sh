# Undoes teleproxy's iptables rules when the daemon dies. Run as: sh -c SCRIPT NAME CONNTRACK SAVE RESTORE...
#
# Standard input is a pipe whose other end the daemon holds. Lines "nameservers ADDRESS..." say whose
# conntrack entries are to be forgotten; "done" says that there is nothing left to undo. The end of
# the pipe without that word means that the daemon is dead, however it died. Only what is found in
# the kernel counts: chains named TELEPROXY or TELEPROXY-*, and the rules that lead into them.

# What ends the daemon may end its whole group or session, not us.
trap '' HUP INT QUIT TERM
nl='
'
conntrack=$1
shift
nameservers=

while read -r word rest; do
  case $word in
    nameservers) nameservers=$rest ;;
    done) exit 0 ;;
  esac
done

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
  ours=$("$save" | created)
  for attempt in 1 2 3 4 5; do
    script=$("$save" | removal)
    [ -n "$script" ] || break
    printf '%s\n' "$script" | "$restore" --noflush -w 5 || sleep 1
  done
  [ -z "$script" ] || echo "teleproxy: ${save##*/}: the rules of a dead teleproxy cannot be removed; 'teleproxy cleanup' tries again" >&2
  printf '%s\n' "$ours" | while read -r table chain; do
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

while [ $# -ge 2 ]; do
  undo "$1" "$2"
  shift 2
done
for address in ${conntrack:+$nameservers}; do
  case $address in
    *:*) family=ipv6 ;;
    *) family=ipv4 ;;
  esac
  "$conntrack" -D -f $family -p udp --orig-dst "$address" --orig-port-dst 53 >/dev/null 2>&1
done
echo "teleproxy: the daemon died; its firewall rules were removed" >&2
