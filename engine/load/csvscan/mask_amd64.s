#include "textflag.h"

// func masks(dst *uint64, src *byte, blocks int, a, b, c byte)
//
// SSE2 is a part of amd64, so that nothing has to be asked of the processor.
TEXT ·masks(SB), NOSPLIT, $0-27
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ blocks+16(FP), CX

	// X13, X14, X15: a, b, c sixteen times.
	MOVBLZX   a+24(FP), AX
	MOVQ      AX, X13
	PUNPCKLBW X13, X13
	PSHUFLW   $0, X13, X13
	PUNPCKLQDQ X13, X13
	MOVBLZX   b+25(FP), AX
	MOVQ      AX, X14
	PUNPCKLBW X14, X14
	PSHUFLW   $0, X14, X14
	PUNPCKLQDQ X14, X14
	MOVBLZX   c+26(FP), AX
	MOVQ      AX, X15
	PUNPCKLBW X15, X15
	PSHUFLW   $0, X15, X15
	PUNPCKLQDQ X15, X15

next:
	TESTQ CX, CX
	JLE   done

	MOVOU (SI), X0
	MOVOU 16(SI), X1
	MOVOU 32(SI), X2
	MOVOU 48(SI), X3

	MOVO    X0, X4
	MOVO    X0, X5
	PCMPEQB X13, X0
	PCMPEQB X14, X4
	PCMPEQB X15, X5
	POR     X4, X0
	POR     X5, X0
	PMOVMSKB X0, AX

	MOVO    X1, X6
	MOVO    X1, X7
	PCMPEQB X13, X1
	PCMPEQB X14, X6
	PCMPEQB X15, X7
	POR     X6, X1
	POR     X7, X1
	PMOVMSKB X1, BX
	SHLQ    $16, BX
	ORQ     BX, AX

	MOVO    X2, X8
	MOVO    X2, X9
	PCMPEQB X13, X2
	PCMPEQB X14, X8
	PCMPEQB X15, X9
	POR     X8, X2
	POR     X9, X2
	PMOVMSKB X2, BX
	SHLQ    $32, BX
	ORQ     BX, AX

	MOVO    X3, X10
	MOVO    X3, X11
	PCMPEQB X13, X3
	PCMPEQB X14, X10
	PCMPEQB X15, X11
	POR     X10, X3
	POR     X11, X3
	PMOVMSKB X3, BX
	SHLQ    $48, BX
	ORQ     BX, AX
	MOVQ    AX, (DI)

	ADDQ $64, SI
	ADDQ $8, DI
	DECQ CX
	JMP  next

done:
	RET
