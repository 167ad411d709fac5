# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of fwlogctl for bash: commands and options as the program itself tells them
# (fwlogctl --print-commands). Install as
# /usr/share/bash-completion/completions/fwlogctl, or source it.

# The options of a command, "search" or "key new".
_fwlogctl_options()
{
	"${COMP_WORDS[0]}" --print-commands 2>/dev/null | sed -n "s/^$1: *//p"
}

# Words that go on from what stands at the cursor; a value follows those that end in "=".
_fwlogctl_offer()
{
	local word
	while IFS= read -r word; do
		[ -z "$word" ] || COMPREPLY+=("${word%=} ")
	done < <(compgen -W "$1" -- "$2")
}

_fwlogctl_values()
{
	local what=-f path
	case $1 in
	--format) case $3 in
		export) _fwlogctl_offer "jsonl-ecs csv eve" "$2" ;;
		*) _fwlogctl_offer "table json csv ecs" "$2" ;;
		esac ;;
	--verdict) _fwlogctl_offer "accept drop reject unknown" "$2" ;;
	--kind) _fwlogctl_offer "address port name" "$2" ;;
	--hosts | --host) _fwlogctl_offer "$(_fwlogctl_names filter hosts)" "$2" ;;
	--sample) _fwlogctl_offer "1/10 1/100 1/1000" "$2" ;;
	--expires) _fwlogctl_offer "+1h +1d +7d" "$2" ;;
	--last) _fwlogctl_offer "1h 24h 7d" "$2" ;;
	--by) case $3 in
		balance) _fwlogctl_offer "hour host" "$2" ;;
		*) _fwlogctl_offer "$(_fwlogctl_fields)" "$2" ;;
		esac ;;
	--from | --to | --since) _fwlogctl_offer "-15m -1h -24h -7d now" "$2" ;;
	-o | --output | -d | --directory | --rejects | --vars | --overrides | --events)
		case $1 in -d | --directory) what=-d ;; esac
		while IFS= read -r path; do
			COMPREPLY+=("$path")
		done < <(compgen "$what" -- "$2") ;;
	esac
}

# First column of what a command prints; nothing where the database is out of reach.
_fwlogctl_names()
{
	"${COMP_WORDS[0]}" "$@" 2>/dev/null | sed -n '2,$s/ .*//p'
}

# Fields events can be counted by.
_fwlogctl_fields()
{
	"${COMP_WORDS[0]}" top - 2>&1 | sed -n 's/.*the fields are //p' | tr -d ','
}

_fwlogctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local commands group=${COMP_WORDS[1]:-} name=
	COMPREPLY=()
	commands=$("${COMP_WORDS[0]}" --print-commands 2>/dev/null | sed 's/:.*//')
	if [ "$COMP_CWORD" -eq 1 ]; then
		_fwlogctl_offer "$(sed 's/ .*//' <<<"$commands" | sort -u) --help --version" "$cur"
		return
	fi
	if ! grep -qx -- "$group" <<<"$commands"; then
		if [ "$COMP_CWORD" -eq 2 ]; then
			_fwlogctl_offer "$(sed -n "s/^$group //p" <<<"$commands") --help" "$cur"
			return
		fi
		name=" ${COMP_WORDS[2]}"
	fi
	case $prev in
	-o | -d | --*)
		_fwlogctl_values "$prev" "$cur" "$group"
		[ ${#COMPREPLY[@]} -eq 0 ] || return 0
		;;
	esac
	if [[ $cur == -* ]]; then
		_fwlogctl_offer "$(_fwlogctl_options "$group$name")" "$cur"
	elif [ "$group" = top ] && [ "$COMP_CWORD" -eq 2 ]; then
		_fwlogctl_offer "$(_fwlogctl_fields)" "$cur"
	elif [ "$COMP_CWORD" -eq 3 ]; then
		case $group$name in
		"filter remove") _fwlogctl_offer "$(_fwlogctl_names filter list)" "$cur" ;;
		"list "*) _fwlogctl_offer "$(_fwlogctl_names list show)" "$cur" ;;
		"alert show" | "alert ack") _fwlogctl_offer "$(_fwlogctl_names alert list)" "$cur" ;;
		"alert silence") _fwlogctl_offer "$(_fwlogctl_names rule list)" "$cur" ;;
		"alert unsilence") _fwlogctl_offer "$(_fwlogctl_names alert silences)" "$cur" ;;
		esac
	fi
}
complete -o nospace -F _fwlogctl fwlogctl
