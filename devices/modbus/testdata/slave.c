/*
 * A Modbus slave by libmodbus, for the tests of package modbus: a stranger that
 * answers our questions.
 *
 *	slave rtu PORT UNIT     on a serial port, 115200 8N1
 *	slave tcp               on a free port of this machine, which it prints
 *
 * It has 100 of everything from offset 0 on: coil n is on for every third n,
 * input n for every fifth; holding register n is 7n + 60000, which goes round,
 * and input register n is 1000 - n. It prints one line when it is ready.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <modbus.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { SIZE = 100 };

static int die(const char *what)
{
	fprintf(stderr, "slave: %s: %s\n", what, modbus_strerror(errno));
	return 1;
}

static void ready(int port)
{
	printf("%d\n", port);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int tcp = argc == 2 && strcmp(argv[1], "tcp") == 0;
	if (!tcp && (argc != 4 || strcmp(argv[1], "rtu") != 0)) {
		fprintf(stderr, "usage: slave rtu PORT UNIT | slave tcp\n");
		return 2;
	}
	modbus_t *bus = tcp ? modbus_new_tcp("127.0.0.1", 0) : modbus_new_rtu(argv[2], 115200, 'N', 8, 1);
	modbus_mapping_t *map = modbus_mapping_new(SIZE, SIZE, SIZE, SIZE);
	if (bus == NULL || map == NULL)
		return die("new");
	for (int n = 0; n < SIZE; n++) {
		map->tab_bits[n] = n % 3 == 0;
		map->tab_input_bits[n] = n % 5 == 0;
		map->tab_registers[n] = 7 * n + 60000;
		map->tab_input_registers[n] = 1000 - n;
	}
	if (tcp) {
		struct sockaddr_in at;
		socklen_t size = sizeof at;
		int listener = modbus_tcp_listen(bus, 1);
		if (listener < 0 || getsockname(listener, (struct sockaddr *)&at, &size) < 0)
			return die("listen");
		ready(ntohs(at.sin_port));
		if (modbus_tcp_accept(bus, &listener) < 0)
			return die("accept");
	} else {
		modbus_set_slave(bus, atoi(argv[3]));
		if (modbus_connect(bus) < 0)
			return die("open");
		ready(0);
	}
	unsigned char heard[MODBUS_TCP_MAX_ADU_LENGTH];
	for (;;) {
		int n = modbus_receive(bus, heard);
		if (n > 0)
			modbus_reply(bus, heard, n, map);
		else if (n < 0 && tcp)
			return 0; /* the master has gone */
	}
}
