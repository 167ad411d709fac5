/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/service.h"

#include <stddef.h>
#include <string.h>

enum { TCP = 1, UDP = 2, BOTH = 3 };

static const struct {
	uint16_t port;
	uint8_t protocols;
	const char *name;
} services[] = {
    {7, BOTH, "echo"},
    {19, BOTH, "chargen"},
    {21, TCP, "ftp"},
    {22, TCP, "ssh"},
    {23, TCP, "telnet"},
    {25, TCP, "smtp"},
    {53, BOTH, "domain"},
    {67, UDP, "dhcp"},
    {68, UDP, "dhcp"},
    {69, UDP, "tftp"},
    {80, TCP, "http"},
    {88, BOTH, "kerberos"},
    {110, TCP, "pop3"},
    {111, BOTH, "rpcbind"},
    {123, UDP, "ntp"},
    {135, TCP, "msrpc"},
    {137, UDP, "netbios-ns"},
    {138, UDP, "netbios-dgm"},
    {139, TCP, "netbios-ssn"},
    {143, TCP, "imap"},
    {161, UDP, "snmp"},
    {162, UDP, "snmp-trap"},
    {179, TCP, "bgp"},
    {389, BOTH, "ldap"},
    {443, BOTH, "https"},
    {445, TCP, "smb"},
    {465, TCP, "smtps"},
    {500, UDP, "isakmp"},
    {514, UDP, "syslog"},
    {546, UDP, "dhcpv6"},
    {547, UDP, "dhcpv6"},
    {554, BOTH, "rtsp"},
    {587, TCP, "submission"},
    {623, UDP, "ipmi"},
    {631, BOTH, "ipp"},
    {636, TCP, "ldaps"},
    {853, BOTH, "dns-tls"},
    {873, TCP, "rsync"},
    {993, TCP, "imaps"},
    {995, TCP, "pop3s"},
    {1080, TCP, "socks"},
    {1194, BOTH, "openvpn"},
    {1433, TCP, "mssql"},
    {1434, UDP, "mssql"},
    {1521, TCP, "oracle"},
    {1723, TCP, "pptp"},
    {1883, TCP, "mqtt"},
    {1900, UDP, "ssdp"},
    {2049, BOTH, "nfs"},
    {2323, TCP, "telnet"},
    {2375, TCP, "docker"},
    {2376, TCP, "docker"},
    {3128, TCP, "proxy"},
    {3268, TCP, "ldap-gc"},
    {3306, TCP, "mysql"},
    {3389, BOTH, "rdp"},
    {3702, UDP, "ws-discovery"},
    {4500, UDP, "ipsec-nat"},
    {5060, BOTH, "sip"},
    {5061, TCP, "sips"},
    {5353, UDP, "mdns"},
    {5355, UDP, "llmnr"},
    {5432, TCP, "postgresql"},
    {5555, TCP, "adb"},
    {5671, TCP, "amqps"},
    {5672, TCP, "amqp"},
    {5900, TCP, "vnc"},
    {5985, TCP, "winrm"},
    {5986, TCP, "winrm"},
    {6379, TCP, "redis"},
    {6443, TCP, "kubernetes"},
    {6881, BOTH, "bittorrent"},
    {7514, TCP, "fwlog"},
    {8080, TCP, "http-alt"},
    {8291, TCP, "winbox"},
    {8443, TCP, "https-alt"},
    {8728, TCP, "mikrotik"},
    {9100, TCP, "jetdirect"},
    {9200, TCP, "elasticsearch"},
    {10000, TCP, "webmin"},
    {10250, TCP, "kubelet"},
    {11211, BOTH, "memcached"},
    {27017, TCP, "mongodb"},
    {37215, TCP, "huawei-upnp"},
    {51820, UDP, "wireguard"},
};

const char *
service_name(const char *protocol, int64_t port)
{
	int wanted = strcmp(protocol, "tcp") == 0   ? TCP
		     : strcmp(protocol, "udp") == 0 ? UDP
						    : 0;

	for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
		if (services[i].port == port && (services[i].protocols & wanted) != 0)
			return services[i].name;
	return NULL;
}
